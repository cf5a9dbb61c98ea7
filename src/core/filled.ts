// Arrays one behind the other in a larger one.

/** @param whole as long as all parts together, or longer. @returns it */
export function filled<T extends Uint8Array | Float32Array>(whole: T, parts: Iterable<ArrayLike<number>>): T {
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
