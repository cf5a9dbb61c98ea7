// What working on chunks takes, wherever that is: in the batch Worker, or in the api for backends that pull.
import type { JudgeEnv } from "../webhooks/judgePicture.ts";
import type { ChunkMessage, WorkEnv } from "../work/message.ts";

export interface ChunkEnv extends WorkEnv, JudgeEnv {
  /** Inputs and answers of batches; pictures that their lines name. */
  BUCKET: R2Bucket;
  /** Absent where a deployment does without free text. */
  TEXT?: Fetcher;
  /** Chunks that the batch Worker works on; only it sends them. */
  BATCHES?: Queue<ChunkMessage>;
  /** Chunks that backends pull; absent where none does. */
  PULL_QUEUE?: Queue<ChunkMessage>;
  /** JSON: the model of the backends that pull; see pullModel. */
  PULL_MODEL?: string;
}
