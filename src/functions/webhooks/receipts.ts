// Receipts of webhooks in the database: each is answered once, whoever asks how often.
import * as v from "valibot";
import { CallbackSchema } from "../../core/webhook/source.ts";
import { type Delivery, insertDelivery } from "../deliveries/deliveries.ts";
import type { Answer } from "./answerOf.ts";
import type { Judged } from "./judgeMissing.ts";
import type { PictureVerdict } from "./judgePicture.ts";

const AskedSchema = v.object({
  policy: v.string(),
  tenant: v.nullable(v.string()),
  callback: v.nullable(CallbackSchema),
  pictures: v.array(v.object({ pointer: v.string(), url: v.string() })),
});
/** What is to be done, apart from the deployment that brought it. */
export type Asked = v.InferOutput<typeof AskedSchema>;

const json = <S extends v.GenericSchema>(schema: S) => v.pipe(v.string(), v.parseJson(), schema);

const ReceiptSchema = v.object({
  id: v.string(),
  source: v.string(),
  webhook_id: v.string(),
  body_hash: v.string(),
  state: v.picklist(["inline", "queued", "done"]),
  due_at: v.number(),
  attempts: v.number(),
  asked: json(AskedSchema),
  judged: json(v.array(v.nullable(v.custom<PictureVerdict>((value) => typeof value === "object")))),
  /** As it is sent. */
  answer: v.nullable(v.string()),
});
export type Receipt = v.InferOutput<typeof ReceiptSchema>;

const read = (row: unknown): Receipt | undefined => (row === null ? undefined : v.parse(ReceiptSchema, row));

export interface Arrived {
  id: string;
  source: string;
  webhookId: string;
  bodyHash: string;
  asked: Asked;
}

/** @returns undefined where this webhook has a receipt already */
export async function openReceipt(
  db: D1Database,
  { id, source, webhookId, bodyHash, asked }: Arrived,
  state: "inline" | "queued",
  { now, due }: { now: number; due: number },
): Promise<Receipt | undefined> {
  const statement = db.prepare(
    `INSERT INTO receipts (id, source, webhook_id, body_hash, state, due_at, asked, judged, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, webhook_id) DO NOTHING RETURNING *`,
  );
  const judged = JSON.stringify(asked.pictures.map(() => null));
  return read(
    await statement.bind(id, source, webhookId, bodyHash, state, due, JSON.stringify(asked), judged, now).first(),
  );
}

export const findReceipt = async (db: D1Database, source: string, webhookId: string): Promise<Receipt | undefined> =>
  read(await db.prepare("SELECT * FROM receipts WHERE source = ? AND webhook_id = ?").bind(source, webhookId).first());

/** @returns undefined where it was taken, moved or finished since */
export async function claimReceipt(
  db: D1Database,
  { id, due_at }: { id: string; due_at: number },
  lease: number,
): Promise<Receipt | undefined> {
  const statement = db.prepare(
    `UPDATE receipts SET state = 'queued', attempts = attempts + 1, due_at = ?
     WHERE id = ? AND due_at = ? AND state <> 'done' RETURNING *`,
  );
  return read(await statement.bind(lease, id, due_at).first());
}

/** Gives a receipt back to the queue, with what was judged so far. @returns whether it still was the caller's */
export async function postponeReceipt(
  db: D1Database,
  { id, due_at }: Receipt,
  { judged, attempts, due }: { judged: Judged; attempts: number; due: number },
): Promise<boolean> {
  const statement = db.prepare(
    `UPDATE receipts SET state = 'queued', judged = ?, attempts = ?, due_at = ?
     WHERE id = ? AND due_at = ? AND state <> 'done'`,
  );
  return (await statement.bind(JSON.stringify(judged), attempts, due, id, due_at).run()).meta.changes === 1;
}

/** Answer and delivery are written together or not at all. @returns whether the receipt still was the caller's */
export async function finishReceipt(
  db: D1Database,
  { id, due_at }: Receipt,
  answer: Answer,
  delivery?: Delivery,
): Promise<boolean> {
  const finish = db
    .prepare(
      "UPDATE receipts SET state = 'done', answer = ?, judged = '[]' WHERE id = ? AND due_at = ? AND state <> 'done'",
    )
    .bind(JSON.stringify(answer), id, due_at);
  const finished = "EXISTS (SELECT 1 FROM receipts WHERE id = ? AND due_at = ? AND state = 'done')";
  const [result] = await db.batch([finish, ...(delivery ? insertDelivery(db, delivery, finished, [id, due_at]) : [])]);
  return result?.meta.changes === 1;
}
