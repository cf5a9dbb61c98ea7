// Webhooks in and out, through every Worker, a database and a queue; what lies elsewhere is a server on loopback.
import { execFile } from "node:child_process";
import { createHmac, generateKeyPairSync, randomUUID, sign as signEd25519 } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Collection } from "../../src/build/collection.ts";
import { sha256 } from "../../src/core/hash.ts";
import { problemOf } from "./request.ts";
import { API_KEY } from "./setup.ts";
import { Elsewhere } from "./webhooks/elsewhere.ts";
import { type WebhookCollection, webhookCollection } from "./webhooks/start.ts";

const secretOf = (name: string) => `whsec_${Buffer.from(name.padEnd(24, ".")).toString("base64")}`;
const [OLD, NEW, CALLBACK] = ["old", "new", "callback"].map(secretOf) as [string, string, string];
const GITHUB = "what GitHub was given";
const pair = generateKeyPairSync("ed25519");
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

const elsewhere = new Elsewhere();
let workers: WebhookCollection;
let running: Collection;
let slow: Promise<Response>;

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
  );
  running = await workers.start();
  // Longer than an answer may take; looked at by the last test.
  slow = send("slow", payload(["slow.jpg", "hat.jpg"]));
  slow.catch(() => {}); // told by that test
});
afterAll(async () => {
  await running?.stop();
  elsewhere.stop();
});

const address = (name: string) => `https://images.example.com/pictures/${name}`;
const payload = (names: string[]) => JSON.stringify({ type: "upload.created", data: { images: names.map(address) } });
/** More than are judged at once, and none that takes long. */
const GONE = Array(5).fill("gone.jpg");
const SEVEN = ["hat", "pants", "skirt", "dress", "jacket", "shoes", "missing"].map((name) => `${name}.jpg`);

interface Sending {
  id?: string;
  secret?: string;
  at?: number;
}
function signed(body: string, { id = randomUUID(), secret = OLD, at = Date.now() }: Sending = {}) {
  const signature = new Webhook(secret).sign(id, new Date(at), body);
  return { "webhook-id": id, "webhook-timestamp": String(Math.floor(at / 1000)), "webhook-signature": signature };
}
const post = (source: string, body: string, headers: Record<string, string>) =>
  fetch(`${running.url}/v1/webhooks/${source}`, { method: "POST", body, headers });
const send = (source: string, body: string, sending?: Sending) => post(source, body, signed(body, sending));

interface Verdict {
  id: string;
  decision: string;
  reasons: { code: string }[];
  policy: { tenant: string | null };
  warnings: { code: string }[];
  pictures: { pointer: string; url: string; decision: string; reasons: { code: string }[] }[];
}
async function verdictOf(response: Response): Promise<Verdict> {
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  return response.json() as Promise<Verdict>;
}
async function refusal(response: Response) {
  const { code, errors } = await problemOf(response);
  return [response.status, code, errors?.[0]?.pointer];
}
/** The verdict that a receiver was told, its signature checked by the standardwebhooks package. */
function toldTo(receiver: string): Verdict & { source: string; webhook_id: string } {
  const { body, headers } = elsewhere.received(receiver).at(-1) ?? { body: "", headers: {} };
  return (new Webhook(CALLBACK).verify(body, headers) as { data: ReturnType<typeof toldTo> }).data;
}

describe("signatures", () => {
  const body = payload(["hat.jpg"]);

  test("a signed webhook is answered without an API key: the verdict, and what it was judged by", async () => {
    const answer = await verdictOf(await send("uploads", body));
    expect(answer).toMatchObject({
      id: expect.any(String),
      decision: expect.stringMatching(/^(allow|review|block)$/),
      pictures: [{ pointer: "/data/images/0", url: address("hat.jpg"), decision: answer.decision }],
      policy: { id: "default" },
      model: { id: "nano" },
      warnings: expect.arrayContaining([expect.objectContaining({ code: "demo_model" })]),
    });
  });

  test("the old secret and the new one are taken while they change over", async () => {
    for (const secret of [OLD, NEW]) expect((await send("uploads", body, { secret })).status).toBe(200);
  });

  test("ed25519", async () => {
    const headers = signed(body);
    const content = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
    const signature = `v1a,${signEd25519(null, Buffer.from(content), pair.privateKey).toString("base64")}`;
    expect((await post("uploads", body, { ...headers, "webhook-signature": signature })).status).toBe(200);
    const broken = { ...headers, "webhook-signature": `${signature.slice(0, -6)}AAAA==` };
    expect(await refusal(await post("uploads", body, broken))).toEqual([401, "signature_invalid", undefined]);
  });

  test("GitHub's", async () => {
    const release = JSON.stringify({ release: { assets: [{ url: address("hat.jpg") }] } });
    const signature = `sha256=${createHmac("sha256", GITHUB).update(release).digest("hex")}`;
    const headers = { "x-github-delivery": randomUUID(), "x-hub-signature-256": signature };
    const answer = await verdictOf(await post("github", release, headers));
    expect(answer.pictures.map(({ pointer }) => pointer)).toEqual(["/release/assets/0/url"]);
    expect((await refusal(await post("github", `${release} `, headers)))[1]).toBe("signature_invalid");
  });

  test("GitHub's ping, signed and unsigned", async () => {
    const ping = JSON.stringify({ zen: "Keep it logically awesome.", hook_id: 1 });
    const signature = `sha256=${createHmac("sha256", GITHUB).update(ping).digest("hex")}`;
    const headers = { "x-github-delivery": randomUUID(), "x-github-event": "ping", "x-hub-signature-256": signature };
    expect((await post("github", ping, headers)).status).toBe(204);
    expect((await refusal(await post("github", `${ping} `, headers)))[1]).toBe("signature_invalid");
  });

  test("npm run webhook signs and sends one", async () => {
    const args = ["src/build/webhook.ts", "uploads", body, "--to", running.url];
    const env = { ...process.env, UPLOADS_WEBHOOK_SECRET: NEW };
    const { stdout } = await promisify(execFile)(process.execPath, args, { env });
    expect(JSON.parse(stdout).pictures).toHaveLength(1);
  });

  test.each<[string, () => Promise<Response>, unknown[]]>([
    ["another secret", () => send("uploads", body, { secret: CALLBACK }), [401, "signature_invalid"]],
    ["another body", () => post("uploads", payload(["pants.jpg"]), signed(body)), [401, "signature_invalid"]],
    ["none", () => post("uploads", body, {}), [401, "signature_invalid"]],
    ["a source whose secret is not set", () => send("unset", body), [401, "signature_invalid"]],
    ["too old", () => send("uploads", body, { at: Date.now() - 310_000 }), [401, "timestamp_outside_tolerance"]],
    ["too new", () => send("uploads", body, { at: Date.now() + 310_000 }), [401, "timestamp_outside_tolerance"]],
    ["an unknown source", () => send("nobody", body), [404, "source_not_found"]],
  ])("refused: %s", async (_name, ask, expected) => {
    expect((await refusal(await ask())).slice(0, 2)).toEqual(expected);
  });
});

describe("the same webhook again", () => {
  test("gets the stored answer, byte for byte, without another look", async () => {
    const [id, body] = [randomUUID(), payload(["skirt.jpg", "pants.jpg"])];
    const first = await (await send("uploads", body, { id })).text();
    const before = elsewhere.inferences;
    expect(await (await send("uploads", body, { id, at: Date.now() + 5_000 })).text()).toBe(first);
    expect(elsewhere.inferences).toBe(before);
  });

  test("with another body is a conflict; under another source it is another webhook", async () => {
    const id = randomUUID();
    expect((await send("uploads", payload(["hat.jpg"]), { id })).status).toBe(200);
    expect((await refusal(await send("uploads", payload(["pants.jpg"]), { id }))).slice(0, 2)).toEqual([
      409,
      "webhook_conflict",
    ]);
    expect((await refusal(await send("uploads", "{}", { id })))[1]).toBe("webhook_conflict");
    expect((await send("taken", payload(["pants.jpg"]), { id })).status).toBe(200);
  });

  test("ten times at once is judged once and answered alike", async () => {
    const [id, body, before] = [randomUUID(), payload(["dress.jpg"]), elsewhere.inferences];
    const responses = await Promise.all(Array.from({ length: 10 }, () => send("uploads", body, { id })));
    const answers = await Promise.all(responses.map((response) => response.text()));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers).size).toBe(1);
    expect(elsewhere.inferences - before).toBe(1);
  });
});

describe("what stands in the payload", () => {
  test("a picture that cannot be fetched is reviewed, whatever the others are", async () => {
    const images = [address("hat.jpg"), address("missing.jpg"), "https://other.example.com/a.jpg", "http://x", "none"];
    const { decision, reasons, pictures } = await verdictOf(
      await send("uploads", JSON.stringify({ data: { images: images.slice(0, 4) } })),
    );
    expect(["review", "block"]).toContain(decision);
    expect(reasons.map(({ code }) => code)).toContain("remote_failed");
    expect(pictures.slice(1).map(({ decision: each, reasons: [reason] }) => [each, reason?.code])).toEqual([
      ["review", "remote_failed"],
      ["review", "remote_refused"],
      ["review", "remote_refused"],
    ]);
  });

  test("the worst picture decides, by the thresholds of the source's tenant", async () => {
    const answer = await verdictOf(await send("boutique", payload(["missing.jpg", "shoes.jpg"])));
    expect([answer.decision, answer.policy.tenant]).toEqual(["block", "boutique"]);
    expect(answer.pictures.map(({ decision }) => decision)).toEqual(["review", "block"]);
    expect(answer.reasons.map(({ code }) => code)).toEqual(["over_block", "remote_failed"]);
  });

  test("a tenant that the payload names, where the policy knows it", async () => {
    const ask = (shop: unknown) =>
      send("shops", JSON.stringify({ shop, files: [{ url: address("shoes.jpg") }, { url: address("hat.jpg") }] }));
    const [cobbler, unknown] = [await verdictOf(await ask("cobbler")), await verdictOf(await ask("toString"))];
    expect([cobbler.policy.tenant, unknown.policy.tenant]).toEqual(["cobbler", null]);
    expect(cobbler.reasons).not.toContainEqual(expect.objectContaining({ category: "footwear" }));
    expect(unknown.reasons).toContainEqual(expect.objectContaining({ category: "footwear" }));
    expect(await refusal(await ask(5))).toEqual([400, "invalid_request", "/shop"]);
  });

  test("an empty list is reviewed, since nothing was seen", async () => {
    const { decision, reasons, warnings } = await verdictOf(await send("uploads", payload([])));
    expect([decision, reasons[0]?.code, warnings[0]?.code]).toEqual(["review", "no_pictures", "demo_model"]);
  });

  const images = (value: unknown) => JSON.stringify({ data: { images: value } });
  test.each<[string, string, unknown[]]>([
    ["a pointer to nothing", "{}", [400, "invalid_request", "/data"]],
    ["null", "null", [400, "invalid_request", "/data"]],
    ["a number", images([1]), [400, "invalid_request", "/data/images/0"]],
    ["an object", images({ url: "https://a" }), [400, "invalid_request", "/data/images"]],
    ["10,000 addresses", images(Array(10_000).fill("https://a")), [400, "invalid_request", "/data/images"]],
    ["an endless address", images(["https://a".padEnd(5_000, "a")]), [400, "invalid_request", "/data/images/0"]],
    ["what is no JSON", "image=https://a", [400, "invalid_json", undefined]],
    ["2 MB", images(["a".repeat(2_000_000)]), [413, "body_too_large", undefined]],
  ])("refused: %s", async (_name, body, expected) => {
    expect(await refusal(await send("uploads", body))).toEqual(expected);
  });
});

describe("what takes longer", () => {
  test("many pictures are queued; the receiver is told, and the sender when it asks again", async () => {
    const [id, body] = [randomUUID(), payload(SEVEN)];
    const response = await send("taken", body, { id });
    const { id: receipt } = (await response.json()) as { id: string };
    expect(response.status).toBe(202);
    await elsewhere.waitFor("taken", 1);
    const told = toldTo("taken");
    expect(told).toMatchObject({ id: receipt, source: "taken", webhook_id: id });
    expect(told.pictures.map(({ url }) => url)).toEqual(SEVEN.map(address));
    expect(told.pictures.at(-1)?.reasons[0]?.code).toBe("remote_failed");
    expect(["review", "block"]).toContain(told.decision);
    const { source: _source, webhook_id: _webhook, ...answer } = told;
    expect(await verdictOf(await send("taken", body, { id }))).toEqual(answer);
  });

  test("while the model is away webhooks wait, and are judged when it is back", async () => {
    elsewhere.visionAway = true;
    expect((await send("away", payload(["hat.jpg"]))).status).toBe(202);
    await sleep(300);
    elsewhere.visionAway = false;
    await elsewhere.waitFor("away", 1);
    expect(toldTo("away").pictures[0]?.reasons.map(({ code }) => code)).not.toContain("model_unavailable");
  });

  test("when it stays away they are for people to look at", async () => {
    elsewhere.visionAway = true;
    expect((await send("away", payload(["pants.jpg"]))).status).toBe(202);
    await elsewhere.waitFor("away", 2);
    elsewhere.visionAway = false;
    expect(toldTo("away")).toMatchObject({ decision: "review", reasons: [{ code: "model_unavailable" }] });
  });
});

const admin = (path: string, init: RequestInit = {}) =>
  fetch(`${running.url}/v1/admin/${path}`, { ...init, headers: { authorization: `Bearer ${API_KEY}` } });
interface Delivery {
  id: string;
  url: string;
  attempts: number;
  last_status: number | null;
  last_error: string | null;
  endpoint_disabled_at: string | null;
}
async function dead(receiver: string, count = 1): Promise<Delivery[]> {
  for (const until = Date.now() + 15_000; Date.now() < until; await sleep(100)) {
    const { data } = (await (await admin("deliveries?state=dead&limit=100")).json()) as { data: Delivery[] };
    const found = data.filter(({ url }) => url.endsWith(`/${receiver}`));
    if (found.length >= count) return found;
  }
  throw new Error(`no delivery to ${receiver} died`);
}
const queue = async (source: string) => expect((await send(source, payload(GONE))).status).toBe(202);

describe.concurrent("receivers", () => {
  test("500 and then 200: tried again under the same id", async () => {
    elsewhere.answer("flaky", [500], [200]);
    await queue("flaky");
    const [first, second] = await elsewhere.waitFor("flaky", 2);
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
    expect(second?.body).toBe(first?.body);
    expect(toldTo("flaky").source).toBe("flaky");
  });

  test("Retry-After is waited for", async () => {
    elsewhere.answer("busy", [429, { "retry-after": "1" }]);
    await queue("busy");
    const [first, second] = await elsewhere.waitFor("busy", 2);
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(1_000);
  });

  test("410 disables the endpoint: what follows is dead without being sent", async () => {
    elsewhere.answer("gone", [410]);
    await queue("gone");
    expect(await dead("gone")).toMatchObject([{ attempts: 1, last_status: 410, endpoint_disabled_at: /Z$/ }]);
    await queue("gone");
    const [latest] = await dead("gone", 2);
    expect(latest).toMatchObject({ last_status: null, last_error: expect.stringContaining("disabled") });
    expect(elsewhere.received("gone")).toHaveLength(1);
  });

  test("past the last attempt a delivery is dead, listed with a key, and can be replayed", async () => {
    elsewhere.answer("dead", [500], [307, { location: "/hooks/taken" }], [503]);
    await queue("dead");
    const [delivery] = await dead("dead");
    expect(delivery).toMatchObject({ attempts: 3, last_status: 503, endpoint_disabled_at: null });
    expect((await fetch(`${running.url}/v1/admin/deliveries`)).status).toBe(401);
    const replay = (id: string) => admin(`deliveries/${id}/replay`, { method: "POST" });
    expect((await replay(delivery?.id ?? "")).status).toBe(202);
    await elsewhere.waitFor("dead", 4);
    expect(toldTo("dead").source).toBe("dead");
    expect((await replay("nothing")).status).toBe(404);
    expect((await refusal(await admin("deliveries?state=lost")))[1]).toBe("invalid_request");
  });
});

test("what took longer than an answer may was queued, with the pictures that were judged by then", async () => {
  expect((await slow).status).toBe(202);
  await elsewhere.waitFor("slow", 1);
  const [first, second] = toldTo("slow").pictures;
  expect(first?.reasons[0]?.code).toBe("remote_failed");
  expect(second?.url).toBe(address("hat.jpg"));
});

test("a message that the queue lost is found by the sweep", async () => {
  elsewhere.answer("lost", [503, { "retry-after": "2" }]);
  await queue("lost");
  await elsewhere.waitFor("lost", 1);
  await sleep(500);
  // miniflare keeps delayed messages in memory only.
  await running.stop();
  running = await workers.start();
  const [first] = elsewhere.received("lost");
  await sleep(Math.max(0, (first?.at ?? 0) + 2_200 - Date.now()));
  expect(elsewhere.received("lost")).toHaveLength(1);
  expect((await admin("sweep", { method: "POST" })).status).toBe(202);
  await elsewhere.waitFor("lost", 2);
  expect(toldTo("lost").source).toBe("lost");
});
