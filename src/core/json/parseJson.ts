// A body as JSON, unless it would become far more in memory than it is as bytes: `[{},{},…]` takes twenty times as much.
import { Problem } from "../problem.ts";

const MOST_VALUES = 1_000_000;
/** What comes before every value but the first: a comma, or what holds it. */
const BEFORE = [..."{[,"].map((character) => character.charCodeAt(0));

function hasMore(bytes: Uint8Array, most: number): boolean {
  let count = 0;
  for (const byte of BEFORE) {
    for (let at = bytes.indexOf(byte); at >= 0; at = bytes.indexOf(byte, at + 1)) if (++count > most) return true;
  }
  return false;
}

/** @throws Problem `invalid_json`, `body_too_large` */
export function parseJson(bytes: Uint8Array): unknown {
  if (hasMore(bytes, MOST_VALUES))
    throw new Problem("body_too_large", `The JSON of a body may have ${MOST_VALUES} values at most.`);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes));
  } catch (cause) {
    throw new Problem("invalid_json", "The body is not valid JSON.", { cause });
  }
}
