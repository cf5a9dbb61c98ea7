// GET /v1/backend/model: the model whose batches backends pull. Each other request names its space, which must be this one's.
import type { Context } from "hono";
import * as v from "valibot";
import type { PullModel } from "../../../core/batch/pulled.ts";
import { Problem } from "../../../core/problem.ts";
import type { Job } from "../../batches/jobs.ts";
import { pullModelOf } from "../../batches/pullModel.ts";
import type { Answering } from "../../chunks/settle.ts";
import type { Deployment } from "../../deployment/deployment.ts";
import type { AppTypes, Env } from "../env.ts";

export const spaceField = v.pipe(v.string("must be the space of the backend's model"), v.minLength(1));

/** @throws Problem `model_not_found` */
function modelOf({ PULL_MODEL }: Env): PullModel {
  const model = pullModelOf(PULL_MODEL);
  if (!model) throw new Problem("model_not_found", "No batches are pulled here: this deployment names no PULL_MODEL.");
  return model;
}

/** @throws Problem `model_not_found`, `space_mismatch` */
export function modelOfSpace(env: Env, space: string): PullModel {
  const model = modelOf(env);
  if (model.space === space) return model;
  throw new Problem("space_mismatch", `Batches are for ${model.id} in ${model.space}; this backend serves ${space}.`);
}

/** What the lines of a job that is pulled are answered by: vectors alone by the backend's model, else also by what is deployed. */
export const answeringOf = ({ task, model }: Job, pulled: PullModel, { manifest }: Deployment): Answering =>
  task === "embed" || manifest.space === model.space ? pulled : manifest;

export const backendModel = (context: Context<AppTypes>): Response => context.json(modelOf(context.env));
