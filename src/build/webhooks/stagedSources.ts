// The sources of webhooks that were staged last.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { type WebhookSource, WebhookSourceSchema } from "../../core/webhook/source.ts";
import { STAGE_DIR } from "../stage.ts";

export async function stagedSources(): Promise<WebhookSource[]> {
  const text = await readFile(join(STAGE_DIR, "deployment", "webhooks.json"), "utf8");
  return v.parse(v.array(WebhookSourceSchema), JSON.parse(text));
}
