/// <reference types="@cloudflare/vitest-plugin/types" />
// Lines that ask for what no bucket, no JSON and no memory has: each is its own error at the first attempt, and nobody waits for it.
import { env } from "cloudflare:test";
import { expect, test } from "vitest";
import type { Bank } from "../../../src/core/labels/bank.ts";
import type { Task } from "../../../src/functions/batches/jobs.ts";
import { outputKey } from "../../../src/functions/batches/keys.ts";
import { writeAnswers } from "../../../src/functions/chunks/chunkObject.ts";
import { drills } from "./drill.ts";
import { outcomeOf, run, submit, type World, world } from "./world.ts";

drills();

const PICTURE = { data: btoa("\u0001") };
const TOO_LONG = "The answer has more than 256 KiB: ask for fewer labels with top_k or max_tags.";

/** Their codes and details by name; all of them in one chunk, looked at once. */
async function answered(made: World, task: Task, lines: Record<string, string>) {
  const texts = Object.entries(lines).map(([name, rest]) => `{"custom_id":"${name}",${rest}}`);
  const job = await run(made, await submit(made, texts, { task }));
  const { results } = await env.DB.prepare("SELECT rows, attempts FROM chunks WHERE batch = ?").bind(job.id).all();
  expect(results).toEqual([{ rows: texts.length, attempts: 1 }]);
  const told = (await (await env.BUCKET.get(outputKey(job.id, "errors")))!.text()).split("\n").filter(Boolean);
  const errors = told.map((line) => JSON.parse(line) as { custom_id: string; error: { code: string; detail: string } });
  return {
    results: (await outcomeOf(job)).results,
    errors: Object.fromEntries(errors.map(({ custom_id, error: { code, detail } }) => [custom_id, [code, detail]])),
  };
}

test("a key that no object of the bucket can have", async () => {
  const image = (key: string) => `"image":{"key":"${key}"}`;
  const { results, errors } = await answered(world(), "embed", {
    good: `"image":${JSON.stringify(PICTURE)}`,
    long: image("k".repeat(1_025)),
    wide: image("é".repeat(513)),
    longest: image("k".repeat(1_024)),
  });
  expect(results).toEqual(["good"]);
  const refused = ["invalid_request", "/image/key may have 1024 bytes at most."];
  expect(errors).toEqual({ long: refused, wide: refused, longest: ["not_found", expect.any(String)] });
});

test("pictures of labels that are no pictures, nested as deep as nobody can write down again", async () => {
  const labels = (images: string) =>
    `"image":${JSON.stringify(PICTURE)},"labels":["b",{"name":"a","images":["x",${images}]}]`;
  const deep = `${"[".repeat(5_000)}${"]".repeat(5_000)}`;
  const { errors } = await answered(world(), "classify", {
    list: labels(deep),
    object: labels(`{"data":${deep}}`),
    proto: labels(`{"__proto__":${deep}}`),
    number: labels("5"),
    flat: labels('{"other":"x"}'),
  });
  const refused = ["invalid_request", "/labels/1/images/1 must be a string or an object of strings."];
  const flat = ["invalid_request", expect.stringContaining("/labels/1/images/0")];
  expect(errors).toEqual({ list: refused, object: refused, proto: refused, number: refused, flat });
});

test.each(["classify", "tag"] as const)("an answer of %s that is far larger than what asked for it", async (task) => {
  const made = world();
  const labels = Array.from({ length: 300 }, (_, at) => ({ name: `${at}`.padEnd(1_000, "x"), parents: [], threshold: 0 })); // biome-ignore format: one line
  const vectors = new Float32Array(labels.length * 8).fill(0.1);
  const bank = { id: "wide", labels, classes: vectors, vectors, negatives: new Map() } as unknown as Bank;
  Object.assign(made.working.deployment, { banks: new Map([["wide", bank]]) });
  const most = task === "classify" ? "top_k" : "max_tags";
  const asking = (count: number) => `"image":${JSON.stringify(PICTURE)},"bank":"wide","${most}":${count}`;
  const { results, errors } = await answered(made, task, { few: asking(200), many: asking(300) });
  expect(results).toEqual(["few"]);
  expect(errors).toEqual({ many: ["invalid_request", TOO_LONG] });
});

test("bytes count, not characters; and no embedding is too long", async () => {
  const line = { custom_id: "a", content: {}, number: 1 };
  const write = (key: string, result: unknown) =>
    writeAnswers(env.BUCKET, key, [{ ...line, answer: { result } }], 0).then(({ completed }) => completed);
  expect(await write("wide", "é".repeat(2 ** 17))).toBe(0);
  expect(await write("narrow", "e".repeat(2 ** 17))).toBe(1);
  expect(await write("vector", { embedding: new Array(2_048).fill(-1.23456789e-7) })).toBe(1);
});
