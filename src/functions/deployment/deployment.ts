// What this Worker was deployed with: the pack's manifest, its tokenizer, label banks, policies and webhooks, all checked once.
// And the big model that uncertain answers may be handed to: the api knows what it is, the batch Worker has its banks and policies.
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
  /** Absent where there is none. */
  big?: { pack: unknown; banks: string[]; policies: { id: string; calibrated: boolean }[] };
}

/** Of the big model, as the staged big.ts hands them over. */
export type BigFiles = Pick<DeploymentFiles, "pack" | "banks" | "policies">;

/** What the big model is, and what was embedded for it, by id. */
export interface BigModel {
  manifest: Manifest;
  banks: ReadonlySet<string>;
  /** Whether each is calibrated for it. */
  policies: ReadonlyMap<string, boolean>;
}

export interface Deployment {
  manifest: Manifest;
  tokenize: Tokenize;
  banks: Map<string, Bank>;
  policies: Map<string, Policy>;
  sources: Map<string, WebhookSource>;
  big: BigModel | undefined;
}

/** @throws Problem `pack_corrupt`, or `space_mismatch` for a bank or policy of another model */
function readModel({ pack, banks, policies }: BigFiles): Pick<Deployment, "manifest" | "banks" | "policies"> {
  const manifest = readManifest(pack);
  const read = banks.map(({ document, vectors }) => readBank(document, vectors, manifest.space));
  const rules = policies.map(({ document, vectors }) => readPolicy(document, vectors, manifest.space));
  return {
    manifest,
    banks: new Map(read.map((bank) => [bank.id, bank])),
    policies: new Map(rules.map((policy) => [policy.id, policy])),
  };
}

const untold =
  ({ id }: Manifest): Tokenize =>
  () => {
    throw new Problem("text_unavailable", `${id} is asked with banks and policies, not with texts.`);
  };

/** @throws Problem `pack_corrupt`, or `space_mismatch` for a bank or policy of another model */
export function readDeployment({ tokenizer, webhooks, big, ...files }: DeploymentFiles): Deployment {
  const model = readModel(files);
  const sources = v.safeParse(v.array(WebhookSourceSchema), webhooks);
  if (!sources.success) throw new Problem("pack_corrupt", `webhooks: ${sources.issues[0].message}`);
  return {
    ...model,
    tokenize:
      model.manifest.text.tower === "deploy" ? untold(model.manifest) : createTokenizer(tokenizer, model.manifest.text),
    sources: new Map(sources.output.map((source) => [source.id, source])),
    big: big && {
      manifest: readManifest(big.pack),
      banks: new Set(big.banks),
      policies: new Map(big.policies.map(({ id, calibrated }) => [id, calibrated])),
    },
  };
}

/**
 * The big model as a deployment of its own: asked with banks and policies only, so it has no texts to tokenize.
 * @throws Problem `pack_corrupt`, `space_mismatch`
 */
export function readBig(files: BigFiles): Deployment {
  const model = readModel(files);
  return { ...model, tokenize: untold(model.manifest), sources: new Map(), big: undefined };
}
