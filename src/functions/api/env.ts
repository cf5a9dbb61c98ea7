// What the api Worker is bound to.

import type { Timing } from "../answer/timing.ts";
import type { RemoteEnv } from "../remote/remoteFetcher.ts";
import type { ChunkMessage, WorkEnv } from "../work/message.ts";

export interface Env extends RemoteEnv, WorkEnv {
  IMAGE: Fetcher;
  VISION: Fetcher;
  /** Absent where a deployment does without free text. */
  TEXT?: Fetcher;
  /** Inputs and answers of batches. */
  BUCKET: R2Bucket;
  /** Chunks that backends pull; absent where none does. */
  PULL_QUEUE?: Queue<ChunkMessage>;
  /** JSON: the model of the backends that pull; see pullModel. */
  PULL_MODEL?: string;
  /** Backends with the big model; only whether there are any matters here: see the batch Worker's. */
  BIG_BACKEND_URLS?: string;
  /** Hosts that webhooks may be sent to: names, or `*.` and a name, separated by commas. Without it, none. */
  CALLBACK_HOSTS?: string;
  /** Names of the batch Worker's variables that sign webhooks of batches, separated by commas. */
  CALLBACK_SECRETS?: string;
  /** The page. */
  ASSETS: Fetcher;
  /** SHA-256 of each API key, hexadecimal, each maybe with `=<scope>+<scope>`, separated by commas: see apiKeys. */
  API_KEYS_SHA256?: string;
  /** Origins whose pages may call this API, separated by commas. Without it, none but its own. */
  CORS_ORIGINS?: string;
  /** Absent where a deployment does without. */
  RATE_LIMIT?: RateLimit;
  /** What RATE_LIMIT enforces: requests, and the seconds in which they count. */
  RATE_LIMIT_QUOTA?: string;
  RATE_LIMIT_WINDOW?: string;
  /** `yes` lets a demo model moderate; `npm start` sets it. */
  ALLOW_DEMO_MODERATION?: string;
  /** `yes` opens the API without keys; only `npm start` sets it. */
  OPEN_API?: string;
}

export interface AppTypes {
  Bindings: Env;
  /** `caller` is the hash of the API key, `scopes` what it may do; undefined where none is needed. */
  Variables: {
    requestId: string;
    timing: Timing;
    caller: string | undefined;
    scopes: ReadonlySet<string> | undefined;
  };
}
