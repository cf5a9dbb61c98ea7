// GET /v1/models: the model that this deployment answers with, and the big one that it hands uncertain answers to.
import type { Context } from "hono";
import type { Manifest } from "../../core/pack/manifest.ts";
import { modelOf } from "../answer/modelOf.ts";
import type { Deployment } from "../deployment/deployment.ts";
import type { AppTypes } from "./env.ts";

const described = (manifest: Manifest) => {
  const { family, quantization, embed_dim, image, text, logit_scale, source } = manifest;
  return {
    ...modelOf(manifest),
    ...{ family, quantization, embed_dim, image_size: image.size, context: text.context, logit_scale, source },
  };
};

export const models = (deployment: () => Deployment) => (context: Context<AppTypes>) => {
  const { manifest, big } = deployment();
  const own = { ...described(manifest), text: context.env.TEXT !== undefined, escalation: false };
  return context.json({ data: [own, ...(big ? [{ ...described(big.manifest), text: false, escalation: true }] : [])] });
};
