// Which model answers the lines of a batch, and where: the deployed one by the batch Worker, the big one on its backends, or that
// of the backends that pull.
import { Problem } from "../../../core/problem.ts";
import { modelOf } from "../../answer/modelOf.ts";
import type { Job, Task } from "../../batches/jobs.ts";
import { pullModelOf } from "../../batches/pullModel.ts";
import type { Deployment } from "../../deployment/deployment.ts";
import type { Env } from "../env.ts";

const named = (message: string) => ({ errors: [{ parameter: "model", pointer: "/model", message }] });

/**
 * @param model that is asked for, by default the deployed one
 * @throws Problem `model_not_found`, `invalid_request`, `backend_unavailable` where the configuration is wrong
 */
export function placeOf(
  { task, model: asked }: { task: Task; model: string | undefined },
  { manifest, big }: Deployment,
  { PULL_MODEL, PULL_QUEUE, BIG_BACKEND_URLS }: Env,
): Pick<Job, "model" | "dim" | "pulled"> {
  const pull = pullModelOf(PULL_MODEL);
  if (pull && !PULL_QUEUE)
    throw new Problem("backend_unavailable", "This deployment names PULL_MODEL, but has no queue PULL_QUEUE.");
  const id = asked ?? manifest.id;
  const own = id === manifest.id;
  const width = (embed_dim: number): number => (task === "embed" ? embed_dim : 0);
  if (id === big?.manifest.id && (BIG_BACKEND_URLS?.trim() || id !== pull?.id)) {
    if (!BIG_BACKEND_URLS?.trim())
      throw new Problem("backend_unavailable", `No backend is named for ${id}: BIG_BACKEND_URLS is empty.`);
    return { model: modelOf(big.manifest), dim: width(big.manifest.embed_dim), pulled: 0 };
  }
  if (!own && id !== pull?.id) {
    const known = [...new Set([manifest.id, big?.manifest.id, pull?.id])].filter((name) => name !== undefined);
    const message = `must be ${known.join(" or ")}, or left out`;
    throw new Problem("model_not_found", `model ${message}.`, named(message));
  }
  if (pull?.id !== id) return { model: modelOf(manifest), dim: width(manifest.embed_dim), pulled: 0 };
  const same = pull.space === manifest.space;
  if (own && !same)
    throw new Problem("backend_unavailable", `PULL_MODEL is ${id} in another space than the one that is deployed.`);
  if (!same && task !== "embed") {
    const message = `must be ${manifest.id} for the task ${task}: banks and policies are of its space`;
    throw new Problem("invalid_request", `model ${message}.`, named(message));
  }
  return { model: { id, space: pull.space, pack: pull.pack }, dim: width(pull.embed_dim), pulled: 1 };
}
