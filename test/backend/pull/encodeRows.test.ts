// A backend that is told to give up while it encodes: one failure for who asked, none for nobody.
import { expect, test } from "vitest";
import { encodeRows } from "../../../src/backend/pull/encodeRows.ts";

const SIZE = 2;

test.each([3, 8])("with %i lines on their way a signal ends in its reason alone", async (lines) => {
  const given = new AbortController();
  const unheard: unknown[] = [];
  const listen = (reason: unknown) => unheard.push(reason);
  process.on("unhandledRejection", listen);
  async function* rows() {
    for (let row = 0; row < lines; row++)
      yield { header: { row, views: 1, animated: false, frames: 1 }, payload: new Uint8Array(SIZE * SIZE * 3) };
    given.abort(new Error("it is time"));
  }
  const encode = (_: unknown, signal: AbortSignal) =>
    new Promise<Float32Array>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      setTimeout(() => resolve(new Float32Array(1)), 5);
    });
  const options = { size: SIZE, width: 1, most: 1, encode };
  await expect(encodeRows(rows(), options, given.signal)).rejects.toThrow("it is time");
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.off("unhandledRejection", listen);
  expect(unheard).toEqual([]);
});
