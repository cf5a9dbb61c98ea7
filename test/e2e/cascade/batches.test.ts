// Batches that are asked of the big model on its backend, for every task.
import { describe, expect, test } from "vitest";
import { readPack } from "../../../src/build/readPack.ts";
import { problemOf } from "../request.ts";
import { answer, cascade, image, installed, type Job, rounded } from "./cascade.ts";
import { ownAnswers } from "./ownAnswers.ts";

const { call, ended, packDir, resultOf, submit } = cascade("batches");

describe.skipIf(!installed)("batches for the big model", () => {
  test("classify and tag: what it answers by itself", async () => {
    const jobs = [
      await answer(await submit("model=big&task=classify&bank=everyday&top_k=3"), 202),
      await answer(await submit("model=big&task=tag&bank=everyday&min_score=0.1&max_tags=5"), 202),
    ] as unknown as Job[];
    for (const job of jobs) expect((await ended(job.id)).counts).toEqual({ total: 1, completed: 1, failed: 0 });
    const own = await ownAnswers(packDir);
    const results = await Promise.all(jobs.map(resultOf));
    expect(results.map(({ model }) => model)).toEqual([own.classify.model, own.tag.model]);
    expect(rounded(results[0]?.predictions ?? [])).toEqual(rounded(own.classify.predictions));
    expect(rounded(results[1]?.tags ?? [])).toEqual(rounded(own.tag.tags));
  });

  test("moderate by its own policy, embed in its own space, as NumPy too", async () => {
    const moderated = (await answer(await submit("model=big&task=moderate&policy=clothes"), 202)) as unknown as Job;
    const embedded = (await answer(await submit("model=big&task=embed"), 202)) as unknown as Job;
    await Promise.all([ended(moderated.id), ended(embedded.id)]);
    expect(await resultOf(moderated)).toMatchObject({
      model: { id: "big" },
      policy: { id: "clothes", calibrated: true },
    });
    const { embed_dim } = await readPack(packDir);
    const { embedding } = (await resultOf(embedded)) as unknown as { embedding: number[] };
    expect(embedding).toHaveLength(embed_dim);
    expect(Math.hypot(...embedding)).toBeCloseTo(1, 4);
    const npy = await (await call(`batches/${embedded.id}/results?format=npy`)).arrayBuffer();
    expect(new Float32Array(npy.slice(-4 * embed_dim))).toEqual(new Float32Array(embedding));
  });

  test("a line that brings texts of its own is an error of that line", async () => {
    const own = { custom_id: "a", image, labels: ["hat", "dress"] };
    const job = (await answer(await submit("model=big&task=classify&bank=everyday", own), 202)) as unknown as Job;
    expect((await ended(job.id)).counts).toEqual({ total: 1, completed: 0, failed: 1 });
    expect(await (await call(`batches/${job.id}/errors`)).text()).toContain('"text_unavailable"');
  });

  test.each([
    ["a model that is not there", "model=huge&task=embed", 404, "model_not_found", "model"],
    ["texts", "model=big&task=classify&labels=hat&labels=dress", 422, "text_unavailable", "labels"],
    ["a bank that is not there", "model=big&task=tag&bank=nothing", 404, "bank_not_found", "bank"],
    ["a policy that is not there", "model=big&task=moderate&policy=nothing", 404, "policy_not_found", "policy"],
    ["a shadow that is not there", "model=big&task=moderate&shadow=nothing", 404, "policy_not_found", "shadow"],
  ])("%s is refused at once", async (_, query, status, code, parameter) => {
    const problem = await problemOf(await submit(query));
    expect(problem).toMatchObject({ status, code, errors: [{ parameter }] });
    expect(problem.errors?.[0]).not.toHaveProperty("pointer");
  });
});
