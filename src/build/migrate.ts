// Brings the database that api and batch share up to date, by the SQL files of `migrations`.
import { runWrangler } from "./wrangler.ts";

const DATABASE = "edgeclip";

/**
 * @param config of a Worker that is bound to the database
 * @param where the folder that a local one is kept in, or `remote` for the one at Cloudflare
 * @throws Error with wrangler's words
 */
export async function migrate(config: string, where: { state: string } | "remote"): Promise<void> {
  const place = where === "remote" ? ["--remote"] : ["--local", "--persist-to", where.state];
  const { status, said } = await runWrangler(["d1", "migrations", "apply", DATABASE, "-c", config, ...place], "pipe");
  if (status !== 0) throw new Error(`wrangler could not bring the database up to date:\n${said}`);
}
