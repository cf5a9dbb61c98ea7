// Items worked on a few at a time, each by itself.
import { Problem } from "../../core/problem.ts";

/** Pictures on their way at once. */
const WIDTH = 4;

/** @returns what `work` gives for each item, in order; what it throws becomes that item's answer */
export async function each<T, R>(
  items: readonly T[],
  work: (item: T, at: number) => Promise<R>,
): Promise<(R | Problem)[]> {
  const answers: (R | Problem)[] = [];
  const left = [...items.entries()].values();
  const lane = async () => {
    for (const [at, item] of left) {
      answers[at] = await work(item, at).catch((error: unknown) => Problem.from(error));
    }
  };
  await Promise.all(Array.from({ length: WIDTH }, lane));
  return answers;
}
