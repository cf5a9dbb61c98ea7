// A stream of bytes as one array, given up as soon as there are too many of them.
import { filled } from "./filled.ts";

/** @param tooLarge what is thrown for more than `most` bytes */
export async function readAtMost(
  stream: ReadableStream<Uint8Array>,
  most: number,
  tooLarge: () => Error,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > most) throw tooLarge();
    chunks.push(chunk);
  }
  return filled(new Uint8Array(length), chunks);
}
