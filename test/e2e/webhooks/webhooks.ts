// Every Worker with a database and a queue, sources of webhooks, and signed sendings to them: what the tests of webhooks share.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll } from "vitest";
import type { Collection } from "../../../src/build/collection.ts";
import { sha256 } from "../../../src/core/hash.ts";
import { problemOf } from "../request.ts";
import { API_KEY } from "../setup.ts";
import { Elsewhere } from "./elsewhere.ts";
import { type WebhookCollection, webhookCollection } from "./start.ts";

const secretOf = (name: string) => `whsec_${Buffer.from(name.padEnd(24, ".")).toString("base64")}`;
export const [OLD, NEW, CALLBACK] = ["old", "new", "callback"].map(secretOf) as [string, string, string];
export const GITHUB = "what GitHub was given";
export const pair = generateKeyPairSync("ed25519");
const PUBLIC = `whpk_${pair.publicKey.export({ type: "spki", format: "der" }).subarray(-32).toString("base64")}`;

const RECEIVERS = ["taken", "flaky", "busy", "gone", "dead", "away", "lost", "slow"];
const yaml = (lines: string[], policy = "default") => ["title: Test", `policy: ${policy}`, ...lines].join("\n");
const STANDARD = ["verify: standard", "secrets: OLD_SECRET"];
const sources = {
  uploads: yaml(["verify: standard", "secrets: [NEW_SECRET, OLD_SECRET, PUBLIC_KEY]", "images: /data/images"]),
  github: yaml(["verify: github", "secrets: GITHUB_SECRET", "images: /release/assets/*/url"]),
  boutique: yaml([...STANDARD, "images: /data/images", "tenant: boutique"], "clothes"),
  shops: yaml([...STANDARD, "images: /files/*/url", "tenant: /shop"], "clothes"),
  unset: yaml(["verify: standard", "secrets: UNSET_SECRET", "images: /data/images"]),
  ...Object.fromEntries(
    RECEIVERS.map((name) => [
      name,
      yaml([
        ...STANDARD,
        "images: /data/images",
        `callback: {url: "https://hooks.example.com/hooks/${name}", secret: CALLBACK_SECRET}`,
      ]),
    ]),
  ),
};

export const address = (name: string) => `https://images.example.com/pictures/${name}`;
export const payload = (names: string[]) =>
  JSON.stringify({ type: "upload.created", data: { images: names.map(address) } });

interface Sending {
  id?: string;
  secret?: string;
  at?: number;
}
export function signed(body: string, { id = randomUUID(), secret = OLD, at = Date.now() }: Sending = {}) {
  const signature = new Webhook(secret).sign(id, new Date(at), body);
  return { "webhook-id": id, "webhook-timestamp": String(Math.floor(at / 1000)), "webhook-signature": signature };
}

export interface Verdict {
  id: string;
  decision: string;
  reasons: { code: string }[];
  policy: { tenant: string | null };
  warnings: { code: string }[];
  pictures: { pointer: string; url: string; decision: string; reasons: { code: string }[] }[];
}
export async function verdictOf(response: Response): Promise<Verdict> {
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  return response.json() as Promise<Verdict>;
}
export async function refusal(response: Response) {
  const { code, errors } = await problemOf(response);
  return [response.status, code, errors?.[0]?.pointer];
}

/** Started before the tests of the file that calls it, ended after them. @param name of a folder of its own */
export function webhooks(name: string) {
  const elsewhere = new Elsewhere();
  let workers: WebhookCollection;
  let running: Collection;

  beforeAll(async () => {
    const keys = (await sha256(new TextEncoder().encode(API_KEY))).slice("sha256:".length);
    workers = await webhookCollection(
      sources,
      {
        ...{ NEW_SECRET: NEW, OLD_SECRET: OLD, PUBLIC_KEY: PUBLIC, GITHUB_SECRET: GITHUB, CALLBACK_SECRET: CALLBACK },
        ...{ API_KEYS_SHA256: `${keys}=admin`, ALLOW_DEMO_MODERATION: "yes" },
        ...{ REMOTE_HOSTS: "images.example.com", CALLBACK_HOSTS: "hooks.example.com" },
        ...{ DELIVERY_SCHEDULE: "0,0.2,0.2", JUDGE_SCHEDULE: "0,0.2,0.2" },
      },
      await elsewhere.start(),
      `webhooks/${name}`,
    );
    running = await workers.start();
  });
  afterAll(async () => {
    await running?.stop();
    elsewhere.stop();
  });

  const post = (source: string, body: string, headers: Record<string, string>) =>
    fetch(`${running.url}/v1/webhooks/${source}`, { method: "POST", body, headers });
  return {
    elsewhere,
    url: () => running.url,
    post,
    send: (source: string, body: string, sending?: Sending) => post(source, body, signed(body, sending)),
    admin: (path: string, init: RequestInit = {}) =>
      fetch(`${running.url}/v1/admin/${path}`, { ...init, headers: { authorization: `Bearer ${API_KEY}` } }),
    /** The verdict that a receiver was told, its signature checked by the standardwebhooks package. */
    toldTo(receiver: string): Verdict & { source: string; webhook_id: string } {
      const { body, headers } = elsewhere.received(receiver).at(-1) ?? { body: "", headers: {} };
      return (new Webhook(CALLBACK).verify(body, headers) as { data: Verdict & { source: string; webhook_id: string } })
        .data;
    },
    /** Ends every Worker and starts it again, with the database that it had. */
    async restart(): Promise<void> {
      await running.stop();
      running = await workers.start();
    },
  };
}
