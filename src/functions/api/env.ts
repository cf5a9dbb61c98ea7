// What the api Worker is bound to.
import type { Timing } from "./timing.ts";

export interface Env {
  IMAGE: Fetcher;
  VISION: Fetcher;
  /** Absent where a deployment does without free text. */
  TEXT?: Fetcher;
  /** The page. */
  ASSETS: Fetcher;
  /** SHA-256 of each API key, hexadecimal, separated by commas. */
  API_KEYS_SHA256?: string;
  /** Hosts that pictures may be fetched from: names, or `*.` and a name, separated by commas. Without it, none. */
  REMOTE_HOSTS?: string;
  /** `yes` opens the API without keys; only `npm start` sets it. */
  OPEN_API?: string;
}

export interface AppTypes {
  Bindings: Env;
  Variables: { requestId: string; timing: Timing };
}
