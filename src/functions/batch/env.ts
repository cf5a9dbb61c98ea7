// What the batch Worker is bound to.
import type { JudgeEnv } from "../webhooks/judgePicture.ts";
import type { WorkEnv } from "../work/message.ts";

export interface BatchEnv extends WorkEnv, JudgeEnv {
  /** Hosts that webhooks may be sent to: names, or `*.` and a name, separated by commas. Without it, none. */
  CALLBACK_HOSTS?: string;
  /** Seconds before each attempt at sending a webhook, in place of the schedule of Standard Webhooks. */
  DELIVERY_SCHEDULE?: string;
  /** Seconds before each attempt at judging pictures while a part of the deployment fails. */
  JUDGE_SCHEDULE?: string;
}
