// Lines of a chunk with their options: the job's, or their own.
import { Problem } from "../../core/problem.ts";
import type { Job } from "../batches/jobs.ts";
import type { ReadLine } from "../batches/line.ts";
import { ofLine, type TaskOptions, taskOptions } from "../batches/taskOptions.ts";

export interface ParsedLine {
  image: unknown;
  options: TaskOptions;
}

/** @returns one entry a line, a Problem for what is none */
export function parseLines({ task, options: given }: Job, lines: readonly ReadLine[]): (ParsedLine | Problem)[] {
  let usual: TaskOptions | undefined;
  return lines.map(({ content }) => {
    if (content instanceof Problem) return content;
    const { image, ...own } = content;
    try {
      if (Object.keys(own).length > 0)
        return { image, options: taskOptions(task, { options: ofLine(given, own), form: "json" }) };
      usual ??= taskOptions(task, { options: given, form: "json" });
      return { image, options: usual };
    } catch (error) {
      return Problem.from(error);
    }
  });
}
