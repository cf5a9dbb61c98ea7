// What cannot be escalated: requests that are refused, and a deployment that has nobody to ask.
import { describe, expect, test } from "vitest";
import { problemOf } from "../request.ts";
import { TAG_KEY } from "../setup.ts";
import { ALWAYS, answer, bytes, cascade, image, installed, type Job, NEVER } from "./cascade.ts";

const { ask, call, ended, restart, submit } = cascade("refused");

describe.skipIf(!installed)("the border", () => {
  const big = { model: "big", band: [0.3, 0.6] };
  test.each<[string, unknown, number, string, string]>([
    ["a band that is reversed", { ...big, band: [0.6, 0.3] }, 400, "invalid_request", "/escalate/band"],
    ["a band of one end", { ...big, band: [0.6] }, 400, "invalid_request", "/escalate/band/1"],
    ["a band of three", { ...big, band: [0.1, 0.2, 0.3] }, 400, "invalid_request", "/escalate/band/2"],
    ["an end that is NaN", { ...big, band: [Number.NaN, 1] }, 400, "invalid_request", "/escalate/band/0"],
    ["an end that is text", { ...big, band: ["0.3", 1] }, 400, "invalid_request", "/escalate/band/0"],
    ["an end past 1", { ...big, band: [0, 1.1] }, 400, "invalid_request", "/escalate/band/1"],
    ["an end below 0", { ...big, band: [-0.1, 1] }, 400, "invalid_request", "/escalate/band/0"],
    ["no band", { model: "big" }, 400, "invalid_request", "/escalate/band"],
    ["a negative wait", { ...big, wait_ms: -1 }, 400, "invalid_request", "/escalate/wait_ms"],
    ["a wait too long", { ...big, wait_ms: 30_001 }, 400, "invalid_request", "/escalate/wait_ms"],
    ["half a millisecond", { ...big, wait_ms: 0.5 }, 400, "invalid_request", "/escalate/wait_ms"],
    ["something unknown", { ...big, colour: "red" }, 400, "invalid_request", "/escalate/colour"],
    ["a number", 5, 400, "invalid_request", "/escalate"],
    ["null", null, 400, "invalid_request", "/escalate"],
    ["a list", [], 400, "invalid_request", "/escalate/model"],
    ["no model", { band: [0, 1] }, 400, "invalid_request", "/escalate/model"],
    ["an unknown model", { ...big, model: "huge" }, 404, "model_not_found", "/escalate/model"],
    ["__proto__", { ...big, model: "__proto__" }, 404, "model_not_found", "/escalate/model"],
    ["the edge's own", { ...big, model: "nano" }, 404, "model_not_found", "/escalate/model"],
  ])("%s", async (_name, escalate, status, code, pointer) => {
    for (const [task, body] of [
      ["classify", { bank: "everyday" }],
      ["tag", { bank: "everyday" }],
      ["moderate", {}],
    ] as const) {
      const response = await ask(task, { image, ...body, escalate });
      const problem = await problemOf(response);
      expect([response.status, problem.code]).toEqual([status, code]);
      expect(problem.errors?.map((error) => error.pointer)).toContain(pointer);
    }
  });

  test("labels of the request are not embedded for it", async () => {
    const response = await ask("classify", { image, labels: ["a", "b"], escalate: big });
    const problem = await problemOf(response);
    expect([response.status, problem.code, problem.errors?.[0]?.pointer]).toEqual([
      400,
      "invalid_request",
      "/escalate",
    ]);
  });

  test("a policy that is measured on the edge's model only", async () => {
    const response = await ask("moderate", { image, policy: "default", escalate: big });
    const problem = await problemOf(response);
    expect([response.status, problem.code, problem.errors?.[0]?.pointer]).toEqual([
      400,
      "invalid_request",
      "/escalate",
    ]);
    expect((await ask("moderate", { image, policy: "uncalibrated", escalate: { ...big, band: NEVER } })).status).toBe(
      200,
    );
  });

  test("a query's escalate that is no JSON, and one of a wrong shape", async () => {
    for (const text of ["big", '{"model":"big","band":[NaN,1]}', '{"model":"big"}', "[]", ""]) {
      const query = new URLSearchParams({ bank: "everyday", escalate: text });
      const response = await call(`classify?${query}`, { method: "POST", body: bytes });
      const problem = await problemOf(response);
      expect([text, response.status, problem.code]).toEqual([text, 400, "invalid_request"]);
      expect(problem.errors?.map(({ parameter }) => parameter)).toContain("escalate");
    }
  });

  test("a key that may not see batches makes none", async () => {
    const response = await ask("tag", { image, bank: "everyday", escalate: big }, TAG_KEY);
    expect([response.status, (await problemOf(response)).code]).toEqual([403, "forbidden"]);
    expect((await ask("tag", { image, bank: "everyday" }, TAG_KEY)).status).toBe(200);
  });

  test("the lines of a batch escalate nothing", async () => {
    const made = await submit("task=classify&bank=everyday", { custom_id: "a", image, escalate: big });
    const job = await ended(((await made.json()) as Job).id);
    expect(job.counts).toEqual({ total: 1, completed: 0, failed: 1 });
  });
});

describe.skipIf(!installed)("a deployment that cannot escalate", () => {
  test.each<[string, (config: { vars: Record<string, string> }) => object, string]>([
    ["no queue", () => ({ queues: {} }), "It could not be queued."],
    ["no backend", ({ vars }) => ({ vars: { ...vars, BIG_BACKEND_URLS: "" } }), "No backend is named for big"],
  ])("%s: the edge's answer with a warning, and nothing is let through", async (_name, change, why) => {
    const restore = await restart(change);
    try {
      const escalate = { model: "big", band: ALWAYS, wait_ms: 5_000 };
      const before = (await (await call("batches")).json()) as { data: Job[] };
      const told = await answer(await ask("classify", { image, bank: "everyday", escalate }), 200);
      expect(told).toMatchObject({
        ...{ escalated: false, model: { id: "nano" } },
        warnings: [{ code: "escalation_failed", message: expect.stringContaining(why) }],
      });
      const moderated = await answer(
        await ask("moderate", { image, policy: "clothes", tenant: "cobbler", escalate }),
        200,
      );
      expect(moderated).toMatchObject({
        ...{ decision: "review", escalated: false },
        reasons: expect.arrayContaining([expect.objectContaining({ code: "escalation_failed" })]),
        warnings: expect.arrayContaining([expect.objectContaining({ code: "escalation_failed" })]),
      });
      expect(await (await call("batches")).json()).toEqual(before);
    } finally {
      await restore();
    }
  });
});
