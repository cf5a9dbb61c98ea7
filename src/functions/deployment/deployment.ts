// What this Worker was deployed with: the pack's manifest, its tokenizer, label banks, policies and webhooks, all checked once.
import * as v from "valibot";
import { type Bank, readBank } from "../../core/labels/bank.ts";
import type { Manifest } from "../../core/pack/manifest.ts";
import { readManifest } from "../../core/pack/readManifest.ts";
import { type Policy, readPolicy } from "../../core/policy/policy.ts";
import { Problem } from "../../core/problem.ts";
import { createTokenizer, type Tokenize } from "../../core/text/tokenizer.ts";
import { type WebhookSource, WebhookSourceSchema } from "../../core/webhook/source.ts";

/** As the staged deployment.ts hands them over. */
export interface DeploymentFiles {
  pack: unknown;
  tokenizer: unknown;
  banks: { document: unknown; vectors: ArrayBuffer }[];
  policies: { document: unknown; vectors: ArrayBuffer }[];
  webhooks: unknown;
}

export interface Deployment {
  manifest: Manifest;
  tokenize: Tokenize;
  banks: Map<string, Bank>;
  policies: Map<string, Policy>;
  sources: Map<string, WebhookSource>;
}

/** @throws Problem `pack_corrupt`, or `space_mismatch` for a bank or policy of another model */
export function readDeployment({ pack, tokenizer, banks, policies, webhooks }: DeploymentFiles): Deployment {
  const manifest = readManifest(pack);
  const read = banks.map(({ document, vectors }) => readBank(document, vectors, manifest.space));
  const rules = policies.map(({ document, vectors }) => readPolicy(document, vectors, manifest.space));
  const sources = v.safeParse(v.array(WebhookSourceSchema), webhooks);
  if (!sources.success) throw new Problem("pack_corrupt", `webhooks: ${sources.issues[0].message}`);
  return {
    manifest,
    tokenize: createTokenizer(tokenizer, manifest.text),
    banks: new Map(read.map((bank) => [bank.id, bank])),
    policies: new Map(rules.map((policy) => [policy.id, policy])),
    sources: new Map(sources.output.map((source) => [source.id, source])),
  };
}
