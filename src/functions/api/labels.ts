// GET /v1/labels and /v1/labels/{bank}: the vocabularies that were embedded when this was deployed.
import type { Context } from "hono";
import type { Adapted } from "../../core/labels/adapted.ts";
import type { Bank } from "../../core/labels/bank.ts";
import { Problem } from "../../core/problem.ts";
import { quoted } from "../../core/quoted.ts";
import type { Deployment } from "../deployment/deployment.ts";
import type { AppTypes } from "./env.ts";

const summary = ({ id, title, description, hash, space, calibrated, labels }: Bank) => ({
  id,
  title,
  description,
  hash,
  space,
  calibrated,
  count: labels.length,
});

/** What was learned, with labels by their names instead of rows. */
function told({ rows, ...adapted }: Adapted, { labels }: Bank) {
  return { ...adapted, labels: [...new Set(rows)].map((row) => labels[row]?.name ?? "") };
}

export const labelBanks = (deployment: () => Deployment) => (context: Context<AppTypes>) =>
  context.json({ data: [...deployment().banks.values()].map(summary) });

export const labelBank = (deployment: () => Deployment) => (context: Context<AppTypes>) => {
  const id = context.req.param("bank") ?? "";
  const bank = deployment().banks.get(id);
  if (!bank) throw new Problem("bank_not_found", `There is no bank ${quoted(id)}.`);
  return context.json({
    ...summary(bank),
    templates: bank.templates,
    labels: bank.labels,
    adapted: bank.adapted ? told(bank.adapted, bank) : null,
  });
};
