// The model of the backends that pull, as the configuration names it: PULL_MODEL, which such a backend says at its start.
import * as v from "valibot";
import { type PullModel, PullModelSchema } from "../../core/batch/pulled.ts";
import { Problem } from "../../core/problem.ts";

const VariableSchema = v.pipe(v.string(), v.parseJson(), PullModelSchema);

/** @returns undefined where no backend pulls. @throws Problem `backend_unavailable` */
export function pullModelOf(variable: string | undefined): PullModel | undefined {
  if (!variable?.trim()) return undefined;
  const read = v.safeParse(VariableSchema, variable);
  if (read.success) return read.output;
  throw new Problem("backend_unavailable", `PULL_MODEL is wrong: ${read.issues[0].message}`);
}
