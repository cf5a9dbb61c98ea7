// The options of a task, for a whole batch and for one line of it: those of the task's endpoint.
import * as v from "valibot";
import type { Given } from "../input/options.ts";
import { parseOptions } from "../input/parseOptions.ts";
import { classifyOptions } from "../tasks/classifyOptions.ts";
import { ModerateSchema } from "../tasks/moderateOptions.ts";
import { tagOptions } from "../tasks/tagOptions.ts";
import { withFlatExamples } from "./flatExamples.ts";
import type { Task } from "./jobs.ts";

const EmbedSchema = v.strictObject({});

export type TaskOptions =
  | { task: "embed" }
  | ({ task: "classify" } & ReturnType<typeof classifyOptions>)
  | ({ task: "tag" } & ReturnType<typeof tagOptions>)
  | ({ task: "moderate" } & v.InferOutput<typeof ModerateSchema>);

/** @throws Problem `invalid_request`, `too_many_labels` */
export function taskOptions(task: Task, given: Given): TaskOptions {
  switch (task) {
    case "classify":
      return { task, ...withFlatExamples(classifyOptions(given)) };
    case "tag":
      return { task, ...withFlatExamples(tagOptions(given)) };
    case "moderate":
      return { task, ...parseOptions(ModerateSchema, given) };
    case "embed":
      parseOptions(EmbedSchema, given);
      return { task };
  }
}

const LABEL_SOURCE = ["bank", "labels", "template"];

/** A line that says what to ask about says it instead of the job. */
export function ofLine(job: Readonly<Record<string, unknown>>, line: Readonly<Record<string, unknown>>) {
  const own = LABEL_SOURCE.some((name) => name in line);
  const kept = Object.entries(job).filter(([name]) => !(own && LABEL_SOURCE.includes(name)));
  return { ...Object.fromEntries(kept), ...line };
}
