// The identity of a policy: everything that its decisions follow from, so that one can be replayed.
import { sha256 } from "../hash.ts";
import type { PolicyFile } from "./policy.ts";

type Source = Pick<PolicyFile, "id" | "categories" | "tenants" | "calibrated" | "bank">;

/** SHA-256 of the canonical JSON of categories, tenants, calibration and the hash of the concepts. */
export function policyHash({ id, categories, tenants, calibrated, bank }: Source): Promise<string> {
  const deciding = categories.map(({ name, severity, review, block, from, count, measured }) => [
    name,
    severity,
    review,
    block,
    from,
    count,
    measured ? [measured.slope, measured.intercept] : null,
  ]);
  const overridden = Object.entries(tenants)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([tenant, thresholds]) => [
      tenant,
      Object.entries(thresholds)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([category, { review, block }]) => [category, review, block]),
    ]);
  const canonical = JSON.stringify([id, bank.hash, bank.background ?? null, calibrated, deciding, overridden]);
  return sha256(new TextEncoder().encode(canonical));
}
