// Reads the text of a policy file; what contradicts itself is told by path.
import type { Thresholds } from "../../core/policy/policy.ts";
import { parseYaml } from "../parseYaml.ts";
import { type PolicySource, PolicySourceSchema } from "./schema.ts";

export interface ParsedPolicy extends Omit<PolicySource, "tenants"> {
  /** With the policy's own where a tenant does not override one of the two. */
  tenants: Record<string, Record<string, Thresholds>>;
}

/** @throws Error `<file>: <path>: <what>` */
export function parsePolicy(file: string, yaml: string): ParsedPolicy {
  const fail = (what: string) => new Error(`${file}: ${what}`);
  const { tenants, ...source } = parseYaml(file, yaml, PolicySourceSchema);
  const names = source.categories.map(({ name }) => name);
  for (const [i, name] of names.entries()) {
    if (names.indexOf(name) < i) throw fail(`categories.${i}: ${name} repeats categories.${names.indexOf(name)}`);
  }
  const whole: ParsedPolicy["tenants"] = {};
  for (const [tenant, overrides] of Object.entries(tenants)) {
    const merged: Record<string, Thresholds> = {};
    for (const [name, override] of Object.entries(overrides)) {
      const path = `tenants.${tenant}.${name}`;
      const category = source.categories.find((each) => each.name === name);
      if (!category) throw fail(`${path}: there is no such category`);
      const { review = category.review, block = category.block } = override;
      if (review > block) throw fail(`${path}: review (${review}) would be above block (${block})`);
      merged[name] = { review, block };
    }
    whole[tenant] = merged;
  }
  return { ...source, tenants: whole };
}
