/// <reference types="@cloudflare/vitest-plugin/types" />
// The queue's consumer and the sweep over a real database: what is acknowledged, what comes again, what is left.
import { applyD1Migrations, type D1Migration, env } from "cloudflare:test";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { consume } from "../../../src/functions/batch/consume.ts";
import type { BatchEnv } from "../../../src/functions/batch/env.ts";
import { sweep } from "../../../src/functions/batch/sweep.ts";
import { acceptJob, openJob } from "../../../src/functions/batches/jobs.ts";
import { InFlight } from "../../../src/functions/body/inFlight.ts";
import { insertDelivery, listDeliveries } from "../../../src/functions/deliveries/deliveries.ts";
import type { Deployment } from "../../../src/functions/deployment/deployment.ts";
import { TextVectors } from "../../../src/functions/tasks/textVectors.ts";
import { findReceipt, openReceipt } from "../../../src/functions/webhooks/receipts.ts";
import type { Message as Work } from "../../../src/functions/work/message.ts";

declare global {
  namespace Cloudflare {
    interface Env {
      DB: D1Database;
      MIGRATIONS: D1Migration[];
    }
  }
}

const { DB } = env;
beforeAll(() => applyD1Migrations(DB, env.MIGRATIONS));
beforeEach(async () => {
  await DB.batch(["receipts", "deliveries", "endpoints"].map((table) => DB.prepare(`DELETE FROM ${table}`)));
});

const URL = "https://hooks.example.com/a";
const asked = { policy: "none", tenant: null, callback: { url: URL, secrets: ["SECRET"] } };
const pictures = [{ pointer: "/image", url: "https://images.example.com/a.jpg" }];

/** Without any policy, so that no picture can be judged. */
const deployment = {
  manifest: { id: "m", space: "s", pack: "p" },
  policies: new Map(),
  banks: new Map(),
} as unknown as Deployment;
const judging = () => ({ deployment, inFlight: new InFlight(2 ** 26), texts: new TextVectors() });

interface Sent {
  body: Work;
  delaySeconds: number | undefined;
}
function worker(more: Partial<BatchEnv> = {}) {
  const sent: Sent[] = [];
  const queue = {
    send: async (body: Work, options?: QueueSendOptions) =>
      void sent.push({ body, delaySeconds: options?.delaySeconds }),
    sendBatch: async (messages: MessageSendRequest<Work>[]) => {
      if (messages.length > 100) throw new RangeError("a queue takes 100 messages at once");
      sent.push(...messages.map(({ body, delaySeconds }) => ({ body, delaySeconds })));
    },
  };
  const nobody = { fetch: () => Promise.reject(new Error("nobody is asked")) };
  const bound = { DB, WEBHOOKS: queue, IMAGE: nobody, VISION: nobody, JUDGE_SCHEDULE: "0,5,30", ...more };
  const batchEnv = bound as unknown as BatchEnv;
  const settled: string[] = [];
  const bring = (...bodies: unknown[]) =>
    consume(
      batchEnv,
      judging,
      bodies.map((body, at) => ({
        ...{ id: String(at), body, attempts: 1, timestamp: new Date(), metadata: { metrics: {} } },
        ack: () => void settled.push("ack"),
        retry: () => void settled.push("retry"),
      })) as unknown as Message[],
    );
  return { bring, sent, settled, batchEnv };
}

async function receipt(id: string, due: number, now = Date.now()): Promise<void> {
  const arrived = { id, source: "shop", webhookId: id, bodyHash: "h", asked: { ...asked, pictures } };
  await openReceipt(DB, arrived, "queued", { now, due });
}
async function delivery(id: string, now: number): Promise<void> {
  await DB.batch(insertDelivery(DB, { id, url: URL, secrets: ["SECRET"], body: "{}", now }, "1", []));
}
const stateOf = async (id: string) => {
  const { state, attempts, answer } = (await findReceipt(DB, "shop", id)) ?? {};
  return { state, attempts, answer: answer ? JSON.parse(answer) : null };
};

test.each([null, "text", {}, { kind: "other" }, { kind: "receipt", id: 1, due_at: 1 }])(
  "a message that is none of ours, %j, does not come again",
  async (body) => {
    const { bring, settled } = worker();
    await bring(body);
    expect(settled).toEqual(["ack"]);
  },
);

test("while the database is away a message comes again, and the others are worked on", async () => {
  const away = { prepare: () => { throw new Error("away"); } } as unknown as D1Database; // biome-ignore format: one line
  const { bring, settled } = worker({ DB: away });
  await bring({ kind: "delivery", id: "a", due_at: 0 }, { kind: "other" });
  expect(settled.sort()).toEqual(["ack", "retry"]);
});

test("a message that is early is sent on, for no longer than a queue can delay", async () => {
  const { bring, sent, settled } = worker();
  const now = Date.now();
  const hour = 3_600_000;
  await bring(
    { kind: "delivery", id: "a", due_at: now + hour },
    { kind: "delivery", id: "b", due_at: now + 20 * hour },
  );
  expect(settled).toEqual(["ack", "ack"]);
  expect(sent.map(({ body, delaySeconds }) => ["id" in body && body.id, delaySeconds])).toEqual([
    ["a", 3_600],
    ["b", 43_200],
  ]);
});

test("a message that comes twice, or late, is worked on once", async () => {
  const due = Date.now() - 1_000;
  await receipt("r", due);
  const message = { kind: "receipt", id: "r", due_at: due };
  const [one, two] = [worker(), worker()];
  await Promise.all([one.bring(message), two.bring(message)]);
  await two.bring(message);
  expect([...one.sent, ...two.sent]).toHaveLength(1);
  expect(await stateOf("r")).toMatchObject({ state: "queued", attempts: 1 });
});

test("what cannot be judged waits by the schedule, ends as a review, and its receiver is told", async () => {
  const { bring, sent } = worker();
  let due = Date.now();
  await receipt("r", due);
  const waits: number[] = [];
  for (let attempt = 1; attempt <= 3; attempt++) {
    await bring({ kind: "receipt", id: "r", due_at: due });
    const last = sent.at(-1);
    if (last?.body.kind !== "receipt") break;
    waits.push(last.delaySeconds ?? 0);
    // The wait is skipped: the row is due at once.
    due = Date.now();
    await DB.prepare("UPDATE receipts SET due_at = ?").bind(due).run();
  }
  expect(waits.map((wait) => Math.round(wait / 5))).toEqual([1, expect.toSatisfy((wait) => wait >= 5 && wait <= 7)]);
  expect(await stateOf("r")).toMatchObject({
    state: "done",
    answer: { decision: "review", reasons: [{ code: "policy_not_found" }], pictures: [{ pointer: "/image" }] },
  });
  const [told] = await listDeliveries(DB, "pending", 10, undefined);
  expect(told).toMatchObject({ id: "msg_r", url: URL });
  expect(JSON.parse(told?.body ?? "")).toMatchObject({
    type: "moderation.completed",
    data: { id: "r", source: "shop" },
  });
  expect(sent.at(-1)?.body).toEqual({ kind: "delivery", id: "msg_r", due_at: told?.due_at });
});

test("what ended the Worker at every attempt is not tried once more", async () => {
  const due = Date.now();
  await receipt("r", due);
  await DB.prepare("UPDATE receipts SET attempts = 3").run();
  await worker().bring({ kind: "receipt", id: "r", due_at: due });
  expect(await stateOf("r")).toMatchObject({ state: "done", answer: { reasons: [{ code: "model_unavailable" }] } });
});

test("nothing is sent unsigned or to a host that is not named: it waits, and is dead in the end", async () => {
  const refused: [Record<string, string>, string][] = [
    [{ CALLBACK_HOSTS: "hooks.example.com" }, "no secret"],
    [{ SECRET: `whsec_${btoa("s".repeat(24))}` }, "not among the hosts"],
  ];
  for (const [vars, reason] of refused) {
    await DB.prepare("DELETE FROM deliveries").run();
    const { bring } = worker({ ...vars, DELIVERY_SCHEDULE: "0,0" });
    await delivery("d", Date.now());
    for (const state of ["pending", "dead"] as const) {
      const row = (await listDeliveries(DB, "pending", 1, undefined))[0];
      await bring({ kind: "delivery", id: "d", due_at: row?.due_at });
      expect((await listDeliveries(DB, state, 1, undefined))[0]?.last_error).toContain(reason);
    }
  }
});

test("the sweep finds what is due and open, leaves the rest, and deletes what is old and done", async () => {
  const now = Date.now();
  const old = now - 31 * 24 * 3_600_000;
  await receipt("due", now - 1);
  await receipt("later", now + 60_000);
  await receipt("old and done", old, old);
  await receipt("old and open", old + 1, old);
  await DB.prepare("UPDATE receipts SET state = 'done', answer = '{}' WHERE id = 'old and done'").run();
  await delivery("due", now - 2);
  await delivery("old and dead", old);
  await DB.prepare("UPDATE deliveries SET state = 'dead' WHERE id = 'old and dead'").run();
  const { batchEnv, sent } = worker();
  await sweep(batchEnv, now);
  expect(sent.map(({ body }) => body)).toEqual([
    { kind: "receipt", id: "old and open", due_at: old + 1 },
    { kind: "receipt", id: "due", due_at: now - 1 },
    { kind: "delivery", id: "due", due_at: now - 2 },
  ]);
  expect(await findReceipt(DB, "shop", "old and done")).toBeUndefined();
  expect(await listDeliveries(DB, "dead", 10, undefined)).toEqual([]);
  expect(await findReceipt(DB, "shop", "old and open")).toBeDefined();
});

test("a queue that takes nothing keeps the sweep from none of the others", async () => {
  const now = Date.now();
  const model = { id: "m", space: "s", pack: "p" };
  const open = { task: "embed" as const, options: {}, model, dim: 8, priority: 1, callback: null, caller: "" };
  for (const id of ["pulled", "own"]) {
    await openJob(DB, { id, ...open, pulled: id === "pulled" ? 1 : 0, now: 1, expires: now + 60_000 }, 1);
    await acceptJob(DB, id, { upload: 1 }, { key: undefined, hash: "" }, 1);
    await DB.prepare("UPDATE batches SET status = 'in_progress', active_at = 1, due_at = NULL WHERE id = ?")
      .bind(id)
      .run();
    await DB.prepare(
      `INSERT INTO chunks (id, batch, priority, state, first, rows, line, start, length, due_at, pulled)
       VALUES (?1 || '/0+1', ?1, 1, 'pending', 0, 1, 1, 0, 1, 1, ?2)`,
    )
      .bind(id, id === "pulled" ? 1 : 0)
      .run();
  }
  await receipt("due", now - 1);
  const broken = { sendBatch: () => Promise.reject(new Error("the queue is gone")) };
  const { batchEnv, sent } = worker({ PULL_QUEUE: broken as unknown as Queue });
  await sweep({ ...batchEnv, BATCHES: batchEnv.WEBHOOKS as unknown as Queue }, now);
  expect(sent.map(({ body }) => body)).toEqual([
    { kind: "receipt", id: "due", due_at: now - 1 },
    expect.objectContaining({ kind: "chunk", id: "own/0+1" }),
  ]);
  const { results } = await DB.prepare("SELECT id FROM batches WHERE active_at = 1").all();
  expect(results).toEqual([{ id: "pulled" }]);
  await DB.batch(["batches", "chunks"].map((table) => DB.prepare(`DELETE FROM ${table}`)));
});

test("250 rows that are due go in batches that a queue takes", async () => {
  const numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250)";
  await DB.prepare(
    `INSERT INTO receipts (id, source, webhook_id, body_hash, state, due_at, asked, judged, created_at)
     ${numbers} SELECT i, 'shop', i, 'h', 'queued', 1, '{}', '[]', 1 FROM n`,
  ).run();
  const { batchEnv, sent } = worker();
  await sweep(batchEnv, Date.now());
  expect(sent).toHaveLength(250);
});

test("deliveries are listed newest first, page by page", async () => {
  for (const [id, now] of [["a", 1], ["b", 2], ["c", 2], ["d", 3]] as const) await delivery(id, now); // biome-ignore format: one line
  const page = async (after?: string) => (await listDeliveries(DB, "pending", 2, after)).map(({ id }) => id);
  expect([await page(), await page("c"), await page("a")]).toEqual([["d", "c"], ["b", "a"], []]);
});
