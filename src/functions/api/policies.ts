// GET /v1/policies: what this deployment moderates by.
import type { Context } from "hono";
import type { Deployment } from "../deployment/deployment.ts";
import type { AppTypes } from "./env.ts";

export const policies = (deployment: () => Deployment) => (context: Context<AppTypes>) =>
  context.json({
    data: [...deployment().policies.values()].map(
      ({ id, title, description, hash, calibrated, background, bank, categories, tenants }) => ({
        id,
        title,
        description,
        hash,
        space: bank.space,
        calibrated,
        background,
        categories: categories.map(({ from, count, measured, ...category }) => ({
          ...category,
          judged: !calibrated || measured !== undefined,
          concepts: bank.labels.slice(from, from + count).map(({ name }) => name),
        })),
        tenants: Object.keys(tenants),
      }),
    ),
  });
