// `npm run webhook`: signs a payload as a source's sender would, sends it, and shows the answer.
import { createHmac, randomUUID } from "node:crypto";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { sign } from "../core/webhook/sign.ts";
import type { WebhookSource } from "../core/webhook/source.ts";
import { LOCAL_DIR } from "./configs.ts";
import { localSecrets } from "./webhooks/localSecrets.ts";
import { stagedSources } from "./webhooks/stagedSources.ts";

const USAGE = `npm run webhook -- <source> <payload>     sends the JSON, or standard input where it is -

  --to  the deployment (http://127.0.0.1:8787)
  --id  the webhook's id (a new one); the same again gets the stored answer

The secret is that of the source's first variable, from the environment or as npm start made it.`;

async function signedHeaders(source: WebhookSource, id: string, body: string): Promise<Record<string, string>> {
  const [name = ""] = source.secrets;
  const secret = (await localSecrets(join(LOCAL_DIR, "secrets.json"), [source], process.env))[name] ?? "";
  if (source.verify === "standard")
    return { ...(await sign([secret], id, new TextEncoder().encode(body), Date.now())) };
  const hex = createHmac("sha256", secret).update(body).digest("hex");
  return { "x-github-delivery": id, "x-hub-signature-256": `sha256=${hex}` };
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      to: { type: "string", default: "http://127.0.0.1:8787" },
      id: { type: "string", default: randomUUID() },
      help: { type: "boolean", default: false },
    },
  });
  const [name, payload] = positionals;
  if (values.help) return console.log(USAGE);
  if (name === undefined || payload === undefined) throw new Error(USAGE);
  const sources = await stagedSources();
  const source = sources.find(({ id }) => id === name);
  if (!source) throw new Error(`there is no source ${name}; there are: ${sources.map(({ id }) => id).join(", ")}`);
  const body = payload === "-" ? await text(process.stdin) : payload;
  const headers = await signedHeaders(source, values.id, body);
  const response = await fetch(`${values.to}/v1/webhooks/${name}`, { method: "POST", body, headers }).catch((cause) => {
    throw new Error(`nobody answers on ${values.to}: is npm start running, and there?`, { cause });
  });
  console.log(await response.text());
  if (!response.ok) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
