// GET /v1/models: the model that this deployment answers with.
import type { Context } from "hono";
import { modelOf } from "../answer/modelOf.ts";
import type { Deployment } from "../deployment/deployment.ts";
import type { AppTypes } from "./env.ts";

export const models = (deployment: () => Deployment) => (context: Context<AppTypes>) => {
  const { manifest } = deployment();
  const { family, quantization, embed_dim, image, text, logit_scale, source } = manifest;
  const described = {
    family,
    quantization,
    embed_dim,
    image_size: image.size,
    context: text.context,
    logit_scale,
    source,
  };
  return context.json({ data: [{ ...modelOf(manifest), ...described, text: context.env.TEXT !== undefined }] });
};
