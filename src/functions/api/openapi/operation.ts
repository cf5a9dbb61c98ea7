// One endpoint as the description of the API needs it.
import * as v from "valibot";
import type { ProblemCode } from "../../../core/problem.ts";

/** The schema of an answer without a body. */
export const NOTHING = v.undefined();

export interface Operation {
  method: "get" | "post" | "delete";
  /** With `{name}` for what varies. */
  path: string;
  id: string;
  summary: string;
  /** `image`: one picture in any of three forms; `images`: several; `json`: JSON alone; `lines`: NDJSON or JSON; `frames`: see FRAMES; absent: no body. */
  body?: "image" | "images" | "json" | "lines" | "frames";
  options?: v.GenericSchema;
  /** By status. */
  answers: Record<number, v.GenericSchema>;
  /** What answers are written in, where that is not JSON; of NDJSON the schema is that of a line. */
  media?: string[];
  errors: ProblemCode[];
  /** Needs no API key. */
  open?: true;
}
