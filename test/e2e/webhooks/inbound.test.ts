// Webhooks in, through every Worker and a database: signatures, the same one again, and what stands in the payload.
import { execFile } from "node:child_process";
import { createHmac, randomUUID, sign as signEd25519 } from "node:crypto";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import {
  address,
  CALLBACK,
  GITHUB,
  NEW,
  OLD,
  pair,
  payload,
  refusal,
  signed,
  verdictOf,
  webhooks,
} from "./webhooks.ts";

const { elsewhere, post, send, url } = webhooks("inbound");

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
    const args = ["src/build/webhook.ts", "uploads", body, "--to", url()];
    const env = { ...process.env, UPLOADS_WEBHOOK_SECRET: NEW };
    const { stdout } = await promisify(execFile)(process.execPath, args, { env });
    expect(JSON.parse(stdout).pictures).toHaveLength(1);
  });

  test.each<[string, () => Promise<Response>, unknown[]]>([
    ["another secret", () => send("uploads", body, { secret: CALLBACK }), [401, "signature_invalid"]],
    ["another body", () => post("uploads", payload(["pants.jpg"]), signed(body)), [401, "signature_invalid"]],
    [
      "a packed body",
      () => post("uploads", body, { ...signed(body), "content-encoding": "gzip" }),
      [415, "unsupported_media_type"],
    ],
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
