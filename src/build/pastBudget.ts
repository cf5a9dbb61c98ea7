// What is said of a pack whose drift is past the budget: which tower, what was done about it, and what can be.
import type { Manifest } from "../core/pack/manifest.ts";
import { DRIFT_BUDGET, type Drift, withinBudget } from "./drift.ts";

const FINER: Partial<Record<Manifest["quantization"], string>> = {
  int4: "make it with --quant int8, or ",
  int8: "make it with --quant fp16, which is for GPUs, or ",
  fp16: "make it with --quant fp32, or ",
};

/** @returns nothing where both towers are within the budget */
export function pastBudget(
  { quantization, drift: measured }: Pick<Manifest, "quantization" | "drift">,
  drift: Record<"image" | "text", Drift>,
): string | undefined {
  const past = (["image", "text"] as const).filter((side) => !withinBudget(drift[side]));
  if (past.length === 0) return undefined;
  const staged = "; towers too large to be opened whole are measured and not adjusted";
  return (
    `The drift of ${past.map((side) => `the ${side} tower`).join(" and ")} is past the budget (mean ${DRIFT_BUDGET.mean}, ` +
    `worst ${DRIFT_BUDGET.worst})${measured === "staged" ? staged : ""}: ${FINER[quantization] ?? ""}accept it with --allow-drift, ` +
    "after npm run eval on pictures of your own."
  );
}
