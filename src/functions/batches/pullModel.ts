// The model of the backends that pull, as the configuration names it: PULL_MODEL, which such a backend says at its start.
import * as v from "valibot";
import { Problem } from "../../core/problem.ts";

const PullModelSchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.strictObject({
    id: v.pipe(v.string(), v.minLength(1)),
    space: v.pipe(v.string(), v.minLength(1)),
    pack: v.string(),
    /** Width of its vectors. */
    embed_dim: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_536)),
    /** Side of the squares that it takes, in pixels. */
    size: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2_048)),
  }),
);
export type PullModel = v.InferOutput<typeof PullModelSchema>;

/** @returns undefined where no backend pulls. @throws Problem `backend_unavailable` */
export function pullModelOf(variable: string | undefined): PullModel | undefined {
  if (!variable?.trim()) return undefined;
  const read = v.safeParse(PullModelSchema, variable);
  if (read.success) return read.output;
  throw new Problem("backend_unavailable", `PULL_MODEL is wrong: ${read.issues[0].message}`);
}
