// Signatures of incoming webhooks, against vectors made with node:crypto and against the standardwebhooks package.
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { Problem } from "../../../src/core/problem.ts";
import { verify } from "../../../src/core/webhook/verify.ts";
import { verifyGithub } from "../../../src/core/webhook/verifyGithub.ts";

// node:crypto over `msg_1.1700000000.<body>`: createHmac("sha256", 24 bytes of 7), sign(null, content, a fresh ed25519 key)
const BODY = new TextEncoder().encode('{"image":"https://images.example.com/é.jpg"}');
const HMAC = "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH";
const V1 = "v1,QXzpB0gEshQf4L5l21ihJKCWfZZ8XnpQCd+XWYSDDsM=";
const PUBLIC = "whpk_Gtx84xuf+8wr2T5TbV54nQ2PhOqwykyISf29R6ITU2g=";
const V1A = "v1a,im1MNyuEJ3fHK+aEXJtcOwDpqLHnfvzrustD0Uo6TdGjoSvVy5tKmOl6yYcE3HS69PGVuh+Qm28lXQgqXVMxAg==";
const THEN = 1_700_000_000_000;
const OTHER = `whsec_${btoa("another secret of 24 byte")}`;

const headers = (signature: string, id = "msg_1", timestamp = "1700000000") =>
  new Headers({ "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature });

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof Problem) return error.code;
  throw error ?? new Error("it was taken");
}

describe("taken", () => {
  test.each<[string, string, string[]]>([
    ["v1", V1, [HMAC]],
    ["v1 with a secret that has no prefix", V1, [HMAC.slice("whsec_".length)]],
    ["v1a", V1A, [PUBLIC]],
    ["one of several signatures", `v2,AAAA v1,AAAA ${V1}`, [HMAC]],
    ["one of several secrets", V1, [OTHER, PUBLIC, HMAC]],
    ["v1a beside a v1 of another secret", `${V1} ${V1A}`, [OTHER, PUBLIC]],
  ])("%s", async (_name, signature, secrets) => {
    expect(await verify(headers(signature), BODY, secrets, THEN)).toBe("msg_1");
  });

  test.each([-300, 300])("%i s off", async (seconds) => {
    expect(await verify(headers(V1), BODY, [HMAC], THEN + seconds * 1000)).toBe("msg_1");
  });

  test("what the standardwebhooks package signs", async () => {
    const body = JSON.stringify({ text: "ünïcode" });
    const now = new Date();
    const signature = new Webhook(HMAC).sign("msg_2", now, body);
    const sent = headers(signature, "msg_2", String(Math.floor(now.getTime() / 1000)));
    expect(await verify(sent, new TextEncoder().encode(body), [HMAC], now.getTime())).toBe("msg_2");
  });
});

describe("refused", () => {
  const changed = BODY.slice();
  changed[3] = (changed[3] ?? 0) ^ 1;
  test.each<[string, Headers, Uint8Array, string[]]>([
    ["another body", headers(V1), changed, [HMAC]],
    ["another id", headers(V1, "msg_2"), BODY, [HMAC]],
    ["another timestamp", headers(V1, "msg_1", "1700000001"), BODY, [HMAC]],
    ["another secret", headers(V1), BODY, [OTHER]],
    ["no secret", headers(V1), BODY, []],
    ["v1a of another body", headers(V1A), changed, [PUBLIC]],
    ["a v1 signature that says to be v1a", headers(V1.replace("v1", "v1a")), BODY, [HMAC, PUBLIC]],
    ["a signature without a version", headers(V1.slice(3)), BODY, [HMAC]],
    ["a signature that is no base64", headers("v1,%%%"), BODY, [HMAC]],
    ["a right signature past the sixteenth", headers(`${"v1,AAAA ".repeat(16)}${V1}`), BODY, [HMAC]],
    ["no headers", new Headers(), BODY, [HMAC]],
    ["a timestamp that is none", headers(V1, "msg_1", "1700000000.5"), BODY, [HMAC]],
    ["an id of 257 characters", headers(V1, "m".repeat(257)), BODY, [HMAC]],
  ])("%s", async (_name, sent, body, secrets) => {
    expect(await codeOf(verify(sent, body, secrets, THEN))).toBe("signature_invalid");
  });

  test.each([-301, 301])("%i s off", async (seconds) => {
    const outcome = await codeOf(verify(headers(V1), BODY, [HMAC], THEN + seconds * 1000));
    expect(outcome).toBe("timestamp_outside_tolerance");
  });

  test.each(["whsec_", "whsec_c2hvcnQ=", "whsec_%%", "whpk_AAAA"])("the secret %s is none", async (secret) => {
    await expect(verify(headers(V1), BODY, [secret], THEN)).rejects.toThrow(/secret|whpk_/);
  });
});

describe("GitHub's scheme", () => {
  // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
  const secret = "It's a Secret to Everybody";
  const body = Uint8Array.from(new TextEncoder().encode("Hello, World!"));
  const signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
  const sent = (id: string, signed: string) => new Headers({ "x-github-delivery": id, "x-hub-signature-256": signed });

  test("takes GitHub's own example, also while secrets change over", async () => {
    expect(await verifyGithub(sent("d1", signature), body, ["old", secret])).toBe("d1");
  });

  test.each<[string, Headers, string[]]>([
    ["another secret", sent("d1", signature), ["old", ""]],
    ["another signature", sent("d1", signature.replace("757", "758")), [secret]],
    ["SHA-1", sent("d1", "sha1=757107ea0eb2509fc211221cce984b8a37570b6d"), [secret]],
    ["no id", new Headers({ "x-hub-signature-256": signature }), [secret]],
  ])("refuses %s", async (_name, headersOf, secrets) => {
    expect(await codeOf(verifyGithub(headersOf, body, secrets))).toBe("signature_invalid");
  });
});
