// What the batch Worker is bound to.
import type { BackendEnv } from "../parts/backends.ts";
import type { JudgeEnv } from "../webhooks/judgePicture.ts";
import type { ChunkMessage, WorkEnv } from "../work/message.ts";

export interface BatchEnv extends WorkEnv, JudgeEnv, BackendEnv {
  /** Chunks of batches have a queue of their own, so that webhooks never wait behind a million pictures. */
  BATCHES: Queue<ChunkMessage>;
  /** Inputs and answers of batches; pictures that their lines name. */
  BUCKET: R2Bucket;
  /** Absent where a deployment does without free text. */
  TEXT?: Fetcher;
  /** Hosts that webhooks may be sent to: names, or `*.` and a name, separated by commas. Without it, none. */
  CALLBACK_HOSTS?: string;
  /** Seconds before each attempt at sending a webhook, in place of the schedule of Standard Webhooks. */
  DELIVERY_SCHEDULE?: string;
  /** Seconds before each attempt at judging pictures while a part of the deployment fails. */
  JUDGE_SCHEDULE?: string;
}
