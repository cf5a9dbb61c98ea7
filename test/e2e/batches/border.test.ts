// What batches refuse, who may see them, and how they are listed.
import { describe, expect, test } from "vitest";
import { dataUri, picture, problemOf } from "../request.ts";
import { API_KEY } from "../setup.ts";
import { ALL_KEY, accepted, batches, type Job, lines, OTHER_KEY } from "./batches.ts";

const hat = dataUri(await picture("hat"));
const { call, ended, submit, submitJson } = batches("border");

describe("the border", () => {
  const line = lines({ custom_id: "a", image: hat });
  test.each<[string, () => Promise<Response>, number, string, string?]>([
    ["no task", () => submit("", line), 400, "invalid_request", "task"],
    ["an unknown task", () => submit("?task=paint", line), 400, "invalid_request", "task"],
    ["an option of another task", () => submit("?task=embed&bank=everyday", line), 400, "invalid_request", "bank"],
    ["no bank", () => submit("?task=tag", line), 400, "invalid_request", "bank"],
    ["an unknown bank", () => submit("?task=tag&bank=none", line), 404, "bank_not_found", "bank"],
    ["an unknown policy", () => submit("?task=moderate&policy=none", line), 404, "policy_not_found", "policy"],
    ["another model", () => submit("?task=embed&model=big", line), 404, "model_not_found", "model"],
    ["an unknown priority", () => submit("?task=embed&priority=1", line), 400, "invalid_request", "priority"],
    [
      "a callback elsewhere",
      () => submit("?task=embed&callback_url=https://other.example.com/", line),
      422,
      "remote_refused",
      "callback_url",
    ],
    ["nothing in it", () => submit("?task=embed", ""), 400, "invalid_request", ""],
    [
      "another content type",
      () => submit("?task=embed", line, { "content-type": "text/csv" }),
      415,
      "unsupported_media_type",
    ],
    [
      "packed lines",
      () => submit("?task=embed", line, { "content-type": "application/x-ndjson", "content-encoding": "gzip" }),
      415,
      "unsupported_media_type",
    ],
    ["JSON without an input", () => submitJson({ task: "embed" }), 400, "invalid_request", "/input"],
    [
      "the input of another batch",
      () => submitJson({ task: "embed", input: { key: "batches/batch_1/input.ndjson" } }),
      400,
      "invalid_request",
      "/input/key",
    ],
    [
      "an input of two",
      () => submitJson({ task: "embed", input: { key: "a", prefix: "b" } }),
      400,
      "invalid_request",
      "/input",
    ],
    [
      "an empty Idempotency-Key",
      () => submit("?task=embed", line, { "idempotency-key": " " }),
      400,
      "invalid_request",
      "Idempotency-Key",
    ],
    ["an unknown job", () => call("/batch_none"), 404, "batch_not_found"],
    ["a limit of 0", () => call("?limit=0"), 400, "invalid_request", "limit"],
  ])("%s", async (_name, send, status, code, field) => {
    const response = await send();
    const problem = await problemOf(response);
    expect([response.status, problem.code]).toEqual([status, code]);
    if (field !== undefined) {
      const [first] = problem.errors ?? [];
      expect([first?.parameter, first?.pointer]).toContain(field);
    }
  });

  test("more than 100 MiB are refused, said or not", async () => {
    const big = new Uint8Array(101 * 2 ** 20).fill(0x20);
    const unsaid = new Blob([big]).stream();
    for (const body of [big, unsaid]) {
      const response = await call("?task=embed", { method: "POST", body, duplex: "half" } as RequestInit, {
        "content-type": "application/x-ndjson",
      });
      expect([response.status, (await problemOf(response)).code]).toEqual([413, "body_too_large"]);
    }
  });

  test("a batch is its key's alone, but for who sees all of them", async () => {
    const { id } = await accepted(await submit("?task=embed", lines({ custom_id: "a", image: "none" })));
    const as = (key: string, path: string, method = "GET") =>
      call(path, { method }, { authorization: `Bearer ${key}` });
    for (const [path, method] of [
      [`/${id}`, "GET"],
      [`/${id}/results`, "GET"],
      [`/${id}/errors`, "GET"],
      [`/${id}/cancel`, "POST"],
      [`/${id}`, "DELETE"],
    ] as const) {
      const response = await as(OTHER_KEY, path, method);
      expect([path, response.status, (await problemOf(response)).code]).toEqual([path, 404, "batch_not_found"]);
    }
    const seen = async (key: string, query = "") =>
      ((await (await as(key, query)).json()) as { data: Job[] }).data.map((job) => job.id);
    expect(await seen(OTHER_KEY)).toEqual([]);
    const behind = await as(OTHER_KEY, `?after=${id}`);
    expect([behind.status, (await problemOf(behind)).errors?.[0]?.parameter]).toEqual([400, "after"]);
    expect(await seen(API_KEY)).toContain(id);
    expect(await seen(ALL_KEY)).toContain(id);
    expect((await as(ALL_KEY, `/${id}`)).status).toBe(200);
  });

  test("an Idempotency-Key with the same request gets the stored answer, with another a conflict", async () => {
    const key = { "idempotency-key": "once" };
    const [one, two] = await Promise.all(
      [submit("?task=embed", line, key), submit("?task=embed", line, key)].map(async (each) => accepted(await each)),
    );
    await ended(one!);
    const three = await accepted(await submit("?task=embed", line, key));
    expect(two).toEqual(one);
    expect(three).toEqual(one);
    for (const other of [submit("?task=embed", line + line, key), submit("?task=embed&priority=high", line, key)]) {
      const response = await other;
      expect([response.status, (await problemOf(response)).code]).toEqual([409, "idempotency_conflict"]);
    }
  });

  test("jobs are listed newest first, page by page", async () => {
    const page = async (query: string) => (await (await call(query)).json()) as { data: Job[]; has_more: boolean };
    const newest = await accepted(await submit("?task=embed", line));
    const first = await page("?limit=2");
    expect([first.data[0]?.id, first.data.length, first.has_more]).toEqual([newest.id, 2, true]);
    const second = await page(`?limit=1&after=${first.data[0]?.id}`);
    expect(second.data[0]?.id).toBe(first.data[1]?.id);
  });

  test("a list behind a job that is not there is refused, not empty", async () => {
    const response = await call("?after=batch_none");
    expect([response.status, (await problemOf(response)).errors?.[0]?.parameter]).toEqual([400, "after"]);
  });
});
