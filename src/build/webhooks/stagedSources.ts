// The sources of webhooks that were staged last.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { type WebhookSource, WebhookSourceSchema } from "../../core/webhook/source.ts";
import { STAGE_DIR } from "../stage.ts";

/** @throws Error where nothing was staged yet */
export async function stagedSources(): Promise<WebhookSource[]> {
  const text = await readFile(join(STAGE_DIR, "deployment", "webhooks.json"), "utf8").catch((cause) => {
    throw new Error("nothing was started here yet, and so no source of webhooks is known: npm start", { cause });
  });
  return v.parse(v.array(WebhookSourceSchema), JSON.parse(text));
}
