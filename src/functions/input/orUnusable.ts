// A picture that is too large to be taken is, for moderation, part of what is answered instead of an error.
import { Problem, type ProblemCode } from "../../core/problem.ts";

const UNUSABLE = new Set<ProblemCode>(["body_too_large", "remote_too_large"]);

type Bytes = Uint8Array<ArrayBuffer>;

/** @returns the bytes, or why there are none. @throws every other failure of `picture` */
export async function orUnusable(picture: Promise<Bytes>): Promise<Bytes | Problem> {
  try {
    return await picture;
  } catch (error) {
    if (error instanceof Problem && UNUSABLE.has(error.code)) return error;
    throw error;
  }
}
