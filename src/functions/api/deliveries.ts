// GET /v1/admin/deliveries: outgoing webhooks by state. POST /v1/admin/deliveries/{id}/replay: one of them from the start.
// POST /v1/admin/sweep: what the queue may have lost, put into it again now and not at the next minute.
import type { Context } from "hono";
import * as v from "valibot";
import { Problem } from "../../core/problem.ts";
import { quoted } from "../../core/quoted.ts";
import { type DeliveryRow, isDelivery, listDeliveries, replayDelivery } from "../deliveries/deliveries.ts";
import { parseOptions } from "../input/parseOptions.ts";
import { enqueue } from "../work/message.ts";
import type { AppTypes } from "./env.ts";
import { noSuchCursor, pageSize } from "./page.ts";
import { queryOptions } from "./readInput.ts";

export const ListSchema = v.strictObject({
  state: v.optional(v.picklist(["pending", "delivered", "dead"], "must be pending, delivered or dead"), "dead"),
  limit: v.optional(pageSize, "20"),
  /** Id of the last delivery of the page before. */
  after: v.optional(v.string()),
});

const iso = (time: number): string => new Date(time).toISOString();

/** What an operator needs to see; the body may tell of users. */
const told = (row: DeliveryRow) => ({
  id: row.id,
  url: row.url,
  state: row.state,
  attempts: row.attempts,
  last_status: row.last_status,
  last_error: row.last_error,
  created_at: iso(row.created_at),
  next_attempt_at: row.state === "pending" ? iso(row.due_at) : null,
  endpoint_disabled_at: row.disabled_at === null ? null : iso(row.disabled_at),
});

export async function deliveries(context: Context<AppTypes>): Promise<Response> {
  const { DB } = context.env;
  const { state, limit: most, after } = parseOptions(ListSchema, queryOptions(context.req.raw));
  const rows = await listDeliveries(DB, state, most + 1, after);
  if (rows.length === 0 && after !== undefined && !(await isDelivery(DB, after))) throw noSuchCursor("delivery");
  return context.json({ data: rows.slice(0, most).map(told), has_more: rows.length > most });
}

export async function replay(context: Context<AppTypes>): Promise<Response> {
  const id = context.req.param("id") ?? "";
  const now = Date.now();
  if (!(await replayDelivery(context.env.DB, id, now)))
    throw new Problem("not_found", `There is no delivery ${quoted(id)}.`);
  await enqueue(context.env, { kind: "delivery", id, due_at: now }, now);
  return context.json({ id, state: "pending" }, 202);
}

export async function sweepNow(context: Context<AppTypes>): Promise<Response> {
  await context.env.WEBHOOKS.send({ kind: "sweep" });
  return context.json({ status: "queued" }, 202);
}
