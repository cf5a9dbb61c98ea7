// What POST /v1/batches refuses before there is a job: what neither bucket nor database could hold.
import { describe, expect, test } from "vitest";
import { Problem } from "../../../src/core/problem.ts";
import { batchOptions } from "../../../src/functions/api/batches/options.ts";
import type { Env } from "../../../src/functions/api/env.ts";
import type { Deployment } from "../../../src/functions/deployment/deployment.ts";

const deployment = { manifest: { id: "m", space: "s", pack: "p" }, banks: new Map() } as unknown as Deployment;
const env = { TEXT: {} } as Env;

function refused(options: Record<string, unknown>): Pick<Problem, "code" | "message" | "errors"> | undefined {
  try {
    batchOptions({ options, form: "json" }, deployment, env);
  } catch (error) {
    if (error instanceof Problem) return { code: error.code, message: error.message, errors: error.errors };
    throw error;
  }
  return undefined;
}

describe.each(["key", "prefix"])("input.%s", (name) => {
  const at = (key: string) => refused({ task: "embed", input: { [name]: key } });

  test("has at most the bytes of a key", () => {
    const errors = [{ pointer: `/input/${name}`, message: "may have 1024 bytes at most" }];
    for (const key of ["k".repeat(1_025), "é".repeat(513)])
      expect(at(key)).toMatchObject({ code: "invalid_request", errors });
    for (const key of ["k".repeat(1_024), "é".repeat(512)]) expect(at(key)).toBeUndefined();
  });
});

describe.each(["classify", "tag"])("labels of %s", (task) => {
  const input = { key: "lines.ndjson" };

  test("have pictures that can be written down again", () => {
    const deep: unknown = JSON.parse(`${"[".repeat(5_000)}${"]".repeat(5_000)}`);
    const errors = [{ pointer: "/labels/1/images/0", message: "must be a string or an object of strings" }];
    for (const picture of [deep, { data: deep }, ["x"], { url: 5 }, null])
      expect(refused({ task, input, labels: ["a", { name: "b", images: [picture] }] })).toMatchObject({
        code: "invalid_request",
        errors,
      });
    const pictures = ["https://images.example.com/a.jpg", { data: "eA==" }];
    expect(refused({ task, input, labels: ["a", { name: "b", images: pictures }] })).toBeUndefined();
  });

  test("are, with all options, no more than a row of the database holds", () => {
    const large = { code: "body_too_large", message: expect.stringContaining("256 KiB as JSON") };
    const pictured = (length: number) => [{ name: "a", images: [{ data: "A".repeat(length) }] }];
    expect(refused({ task, input, labels: pictured(2 ** 18) })).toMatchObject(large);
    expect(refused({ task, input, labels: pictured(2 ** 18 - 100) })).toBeUndefined();
    const wide = Array.from({ length: 1_000 }, (_, at) => `${at}`.padEnd(1_000, "é"));
    expect(refused({ task, input, labels: wide })).toMatchObject(large);
  });
});
