// Outgoing webhooks in the database: what is to be sent where, how often it was tried, and endpoints that want no more.
import * as v from "valibot";

export interface Delivery {
  /** The webhook-id of every attempt. */
  id: string;
  url: string;
  /** Names of the variables that hold the secrets. */
  secrets: readonly string[];
  /** JSON */
  body: string;
  /** milliseconds */
  now: number;
}

const RowSchema = v.object({
  id: v.string(),
  url: v.string(),
  secrets: v.pipe(v.string(), v.parseJson(), v.array(v.string())),
  body: v.string(),
  state: v.picklist(["pending", "delivered", "dead"]),
  due_at: v.number(),
  attempts: v.number(),
  last_status: v.nullable(v.number()),
  last_error: v.nullable(v.string()),
  created_at: v.number(),
  disabled_at: v.nullable(v.number()),
});
export type DeliveryRow = v.InferOutput<typeof RowSchema>;

const COLUMNS = "*, (SELECT disabled_at FROM endpoints WHERE endpoints.url = deliveries.url) AS disabled_at";

/**
 * Statements for the transaction that the delivery tells of.
 * @param condition SQL of what must hold for it to be sent, with its parameters
 */
export function insertDelivery(
  db: D1Database,
  { id, url, secrets, body, now }: Delivery,
  condition: string,
  parameters: readonly unknown[],
): D1PreparedStatement[] {
  return [
    db.prepare("INSERT INTO endpoints (url) VALUES (?) ON CONFLICT DO NOTHING").bind(url),
    db
      .prepare(
        `INSERT INTO deliveries (id, url, secrets, body, state, due_at, created_at)
         SELECT ?, ?, ?, ?, 'pending', ?, ? WHERE ${condition} ON CONFLICT DO NOTHING`,
      )
      .bind(id, url, JSON.stringify(secrets), body, now, now, ...parameters),
  ];
}

/** @returns undefined where it was taken, moved or ended since */
export async function claimDelivery(
  db: D1Database,
  { id, due_at }: { id: string; due_at: number },
  lease: number,
): Promise<DeliveryRow | undefined> {
  const row = await db
    .prepare(
      `UPDATE deliveries SET attempts = attempts + 1, due_at = ?
       WHERE id = ? AND due_at = ? AND state = 'pending' RETURNING ${COLUMNS}`,
    )
    .bind(lease, id, due_at)
    .first();
  return row === null ? undefined : v.parse(RowSchema, row);
}

export interface Attempt {
  state: DeliveryRow["state"];
  due: number;
  status: number | null;
  error: string | null;
}

/** Writes down how an attempt ended, unless the row went to another since. */
export const recordAttempt = (
  db: D1Database,
  { id, due_at }: DeliveryRow,
  { state, due, status, error }: Attempt,
): D1PreparedStatement =>
  db
    .prepare("UPDATE deliveries SET state = ?, due_at = ?, last_status = ?, last_error = ? WHERE id = ? AND due_at = ?")
    .bind(state, due, status, error, id, due_at);

export const disableEndpoint = (db: D1Database, url: string, now: number): D1PreparedStatement =>
  db.prepare("UPDATE endpoints SET disabled_at = ? WHERE url = ?").bind(now, url);

/** The newest first. @param after id of the last that is known already */
export async function listDeliveries(
  db: D1Database,
  state: DeliveryRow["state"],
  limit: number,
  after: string | undefined,
): Promise<DeliveryRow[]> {
  const older = "AND (created_at, id) < (SELECT created_at, id FROM deliveries WHERE id = ?)";
  const { results } = await db
    .prepare(
      `SELECT ${COLUMNS} FROM deliveries WHERE state = ? ${after === undefined ? "" : older}
       ORDER BY created_at DESC, id DESC LIMIT ?`,
    )
    .bind(state, ...(after === undefined ? [] : [after]), limit)
    .all();
  return v.parse(v.array(RowSchema), results);
}

export const isDelivery = async (db: D1Database, id: string): Promise<boolean> =>
  (await db.prepare("SELECT 1 FROM deliveries WHERE id = ?").bind(id).first()) !== null;

/** Starts a delivery's schedule again, and takes its endpoint back into use. @returns whether there is such a delivery */
export async function replayDelivery(db: D1Database, id: string, now: number): Promise<boolean> {
  const [replayed] = await db.batch([
    db.prepare("UPDATE deliveries SET state = 'pending', attempts = 0, due_at = ? WHERE id = ?").bind(now, id),
    db
      .prepare("UPDATE endpoints SET disabled_at = NULL WHERE url = (SELECT url FROM deliveries WHERE id = ?)")
      .bind(id),
  ]);
  return replayed?.meta.changes === 1;
}
