// The bank that a policy's categories are weighed against, as answers name banks.
import type { Deployment } from "../deployment/deployment.ts";

export function backgroundOf(id: string, { banks }: Deployment) {
  const bank = banks.get(id);
  return bank ? { id, hash: bank.hash, calibrated: bank.calibrated } : null;
}
