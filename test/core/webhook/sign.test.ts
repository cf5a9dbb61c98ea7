// What we sign is what the standardwebhooks package verifies.
import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { sign } from "../../../src/core/webhook/sign.ts";

const OLD = `whsec_${btoa("the old secret of 24 byte")}`;
const NEW = `whsec_${btoa("the new secret of 24 byte")}`;
const body = JSON.stringify({ type: "moderation.completed", data: { note: "ünïcode" } });

test("one secret", async () => {
  const headers = await sign([OLD], "msg_1", new TextEncoder().encode(body), Date.now());
  expect(new Webhook(OLD).verify(body, { ...headers })).toEqual(JSON.parse(body));
  expect(() => new Webhook(NEW).verify(body, { ...headers })).toThrow("No matching signature");
});

test("with two secrets a receiver of either is served", async () => {
  const headers = await sign([NEW, OLD], "msg_1", new TextEncoder().encode(body), Date.now());
  for (const secret of [OLD, NEW]) expect(new Webhook(secret).verify(body, { ...headers })).toEqual(JSON.parse(body));
});

test("nothing is sent unsigned", async () => {
  await expect(sign([], "msg_1", new Uint8Array(), 0)).rejects.toThrow("no secret");
  await expect(sign([`whpk_${btoa("p".repeat(32))}`], "msg_1", new Uint8Array(), 0)).rejects.toThrow("cannot sign");
});
