// Judges the pictures of a webhook that have no verdict yet, a few at a time, for no longer than a limit.
import { Problem } from "../../core/problem.ts";
import { log } from "../log/log.ts";
import type { PictureVerdict } from "./judgePicture.ts";

/** Each may hold the bytes of a whole picture. */
const WIDTH = 2;

export type Judged = readonly (PictureVerdict | null)[];

export interface Progress {
  judged: Judged;
  /** Why one was not judged; undefined where none failed. */
  failure: Problem | undefined;
}

/**
 * @param most pictures to be judged now, from the first that is missing
 * @param limitMs what is not judged by then stays missing
 */
export async function judgeMissing(
  before: Judged,
  judge: (at: number) => Promise<PictureVerdict>,
  { most, limitMs }: { most: number; limitMs: number },
): Promise<Progress> {
  const judged = [...before];
  const missing = before.flatMap((verdict, at) => (verdict ? [] : [at])).slice(0, most);
  let failure: Problem | undefined;
  let over = false;
  const lane = async () => {
    for (let at = missing.shift(); at !== undefined && !over; at = missing.shift()) {
      try {
        judged[at] = await judge(at);
      } catch (error) {
        failure = Problem.from(error);
        if (failure.code === "internal_error") log("error", "a picture could not be judged", {}, error);
      }
    }
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<void>((settle) => {
    timer = setTimeout(settle, limitMs);
  });
  await Promise.race([Promise.all(Array.from({ length: WIDTH }, lane)), limit]);
  over = true;
  clearTimeout(timer);
  return { judged: [...judged], failure };
}
