// What the batch Worker is bound to.
import type { ChunkEnv } from "../chunks/env.ts";
import type { BackendEnv } from "../parts/backends.ts";
import type { ChunkMessage } from "../work/message.ts";

export interface BatchEnv extends ChunkEnv, BackendEnv {
  /** Chunks of batches have a queue of their own, so that webhooks never wait behind a million pictures. */
  BATCHES: Queue<ChunkMessage>;
  /** Hosts that webhooks may be sent to: names, or `*.` and a name, separated by commas. Without it, none. */
  CALLBACK_HOSTS?: string;
  /** Seconds before each attempt at sending a webhook, in place of the schedule of Standard Webhooks. */
  DELIVERY_SCHEDULE?: string;
  /** Seconds before each attempt at judging pictures while a part of the deployment fails. */
  JUDGE_SCHEDULE?: string;
}
