// The cascade: what the edge is not certain of is asked of a bigger model on a backend.
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import {
  ClassifyEscalated,
  ModerateEscalated,
  ModerateOrBig,
  TagEscalated,
  TagOrBig,
} from "../../../src/functions/api/openapi/answers.ts";
import {
  ALWAYS,
  type Answer,
  answer,
  bytes,
  cascade,
  image,
  installed,
  type Job,
  jobOf,
  NEVER,
  rounded,
} from "./cascade.ts";
import { ownAnswers } from "./ownAnswers.ts";

const { ask, call, ended, freezeBackend, packDir, resultOf, submit, wakeBackend } = cascade("escalated");

describe.skipIf(!installed)("what the edge is not certain of", () => {
  test("classify: 202 with the edge's answer and a job, whose result is the big model's own", async () => {
    const plain = await answer(await ask("classify", { image, bank: "everyday", top_k: 3 }), 200);
    expect(plain).not.toHaveProperty("escalated");
    const asked = { image, bank: "everyday", top_k: 3, escalate: { model: "big", band: ALWAYS } };
    const response = await ask("classify", asked);
    const { headers } = response;
    const { escalated, job: told, ...edge } = await answer(response, 202);
    expect([escalated, edge]).toEqual([true, plain]);
    const job = jobOf({ job: told } as Answer);
    v.parse(ClassifyEscalated, { escalated, job: told, ...edge });
    expect([headers.get("location"), headers.get("retry-after")]).toEqual([`/v1/batches/${job.id}`, "2"]);
    expect(headers.get("server-timing")).toMatch(/escalate;dur=\d+/);
    expect(job).toMatchObject({
      ...{ object: "batch", task: "classify", status: "validating", priority: "high" },
      ...{ options: { bank: "everyday", top_k: 3 }, model: { id: "big" } },
    });
    expect(await ended(job.id)).toMatchObject({ status: "completed", counts: { total: 1, completed: 1, failed: 0 } });
    const result = await resultOf(job);
    const own = (await ownAnswers(packDir)).classify;
    expect(result).toMatchObject({ model: own.model, bank: own.bank, warnings: [] });
    expect(rounded(result.predictions)).toEqual(rounded(own.predictions));
    expect(result.model.space).not.toBe(plain.model.space);
  });

  test("tag: carried over to the big model, and waited for", async () => {
    const asked = { image, bank: "everyday", min_score: 0.1, max_tags: 5 };
    const escalate = { model: "big", band: ALWAYS, wait_ms: 30_000 };
    const waited = await answer(await ask("tag", { ...asked, escalate }), 200);
    v.parse(TagOrBig, waited);
    const own = (await ownAnswers(packDir)).tag;
    expect(waited).toMatchObject({ escalated: true, model: own.model, bank: own.bank });
    expect(rounded(waited.tags)).toEqual(rounded(own.tags));
    const { escalated: _, job, ...result } = waited;
    await ended(jobOf(waited).id);
    expect(await resultOf(jobOf({ job } as Answer))).toEqual(result);
  });

  test("outside the band it is the edge's answer, at the ends of it the big model's", async () => {
    const asked = { image, bank: "everyday" };
    const plain = await answer(await ask("classify", asked), 200);
    const best = plain.predictions[0]?.score ?? 0;
    const over = await answer(
      await ask("classify", { ...asked, escalate: { model: "big", band: [best + 1e-6, 1] } }),
      200,
    );
    expect(over).toEqual({ ...plain, escalated: false });
    const exact = await answer(
      await ask("classify", { ...asked, escalate: { model: "big", band: [best, best] } }),
      202,
    );
    expect(exact.escalated).toBe(true);
    expect(await answer(await ask("tag", { ...asked, escalate: { model: "big", band: NEVER } }), 200)).toMatchObject({
      ...{ escalated: false, model: plain.model },
    });
  });

  test("tag: a label that fell short of its threshold counts", async () => {
    const all = await answer(await ask("tag", { image, bank: "everyday", min_score: 0, max_tags: 1000 }), 200);
    const short = all.tags.find(({ score }) => score < 0.05)?.score ?? 0;
    const escalate = { model: "big", band: [short, short] };
    const told = await answer(await ask("tag", { image, bank: "everyday", escalate }), 202);
    v.parse(TagEscalated, told);
    expect(told.tags.map(({ score }) => score)).not.toContain(short);
  });

  test("a picture as the body, escalate as JSON in the query or a form", async () => {
    const escalate = JSON.stringify({ model: "big", band: ALWAYS });
    const query = new URLSearchParams({ bank: "everyday", top_k: "1", escalate });
    const raw = await answer(await call(`classify?${query}`, { method: "POST", body: bytes }), 202);
    expect(jobOf(raw).options).toEqual({ bank: "everyday", top_k: 1 });
    const form = new FormData();
    form.set("image", new Blob([bytes]));
    for (const [name, value] of query) form.set(name, value);
    const sent = await answer(await call("classify", { method: "POST", body: form }), 202);
    const [one, other] = await Promise.all(
      [raw, sent].map(async (each) => {
        await ended(jobOf(each).id);
        return resultOf(jobOf(each));
      }),
    );
    expect(one).toEqual(other);
  });

  test("moderate: at least review while the big model is waited for, then its own decision", async () => {
    const asked = { image, policy: "clothes", tenant: "cobbler", shadow: "uncalibrated" };
    const plain = await answer(await ask("moderate", asked), 200);
    expect(plain.decision).toBe("allow");
    const apart = await answer(await ask("moderate", { ...asked, escalate: { model: "big", band: NEVER } }), 200);
    expect(apart).toEqual({ ...plain, escalated: false });

    freezeBackend();
    const escalate = { model: "big", band: ALWAYS, wait_ms: 1_500 };
    const begun = Date.now();
    const response = await ask("moderate", { ...asked, escalate });
    expect(Date.now() - begun).toBeGreaterThanOrEqual(1_500);
    const held = await answer(response, 202);
    expect(held).toMatchObject({
      ...{ decision: "review", categories: plain.categories, escalated: true, model: plain.model },
      reasons: expect.arrayContaining([expect.objectContaining({ code: "escalated" })]),
    });
    v.parse(ModerateEscalated, held);
    wakeBackend();
    expect((await ended(jobOf(held).id)).counts).toEqual({ total: 1, completed: 1, failed: 0 });
    const result = await resultOf(jobOf(held));
    expect(result).toMatchObject({
      ...{ model: { id: "big" }, policy: { id: "clothes", calibrated: true, tenant: "cobbler" } },
      shadow: { policy: { id: "uncalibrated" } },
    });
    const waited = await answer(await ask("moderate", { ...asked, escalate: { ...escalate, wait_ms: 30_000 } }), 200);
    v.parse(ModerateOrBig, waited);
    const { escalated: _, job: __, ...own } = waited;
    expect(own).toEqual(result);
  });

  test("moderate: a block by a category that is certain stands, one that is not certain is asked about", async () => {
    const asked = { image, policy: "clothes", tenant: "boutique" };
    const plain = await answer(await ask("moderate", asked), 200);
    const { outerwear } = plain.categories;
    expect([plain.decision, outerwear === plain.categories.footwear]).toEqual(["block", false]);
    const escalate = { model: "big", band: [outerwear, outerwear] };
    expect(await answer(await ask("moderate", { ...asked, escalate }), 200)).toEqual({ ...plain, escalated: false });
    const open = await answer(await ask("moderate", { ...asked, escalate: { ...escalate, band: ALWAYS } }), 202);
    expect(open).toMatchObject({ decision: "block", escalated: true });
  });

  test("the big model is listed", async () => {
    const { data } = (await (await call("models")).json()) as { data: { id: string; escalation: boolean }[] };
    expect(data.map(({ id, escalation }) => [id, escalation])).toEqual([
      ["nano", false],
      ["big", true],
    ]);
  });

  test("a picture that cannot be read is for review, and no big model is asked", async () => {
    const escalate = { model: "big", band: ALWAYS };
    const body = { image: { data: "bm8gcGljdHVyZQ==" }, policy: "clothes", escalate };
    expect(await answer(await ask("moderate", body), 200)).toMatchObject({ decision: "review", escalated: false });
  });

  test("its picture is no picture of other jobs", async () => {
    const job = jobOf(
      await answer(await ask("classify", { image, bank: "everyday", escalate: { model: "big", band: ALWAYS } }), 202),
    );
    const made = await submit("task=embed", { custom_id: "a", image: { key: `batches/${job.id}/picture` } });
    const other = (await made.json()) as Job;
    expect(await ended(other.id)).toMatchObject({ counts: { total: 1, completed: 0, failed: 1 } });
  });
});
