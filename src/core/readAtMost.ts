// A stream of bytes as one array, given up as soon as there are too many of them.
import { filled } from "./filled.ts";

/**
 * @param tooLarge what is thrown for more than `most` bytes
 * @param arrived is told of the bytes of each part before it is kept
 */
export async function readAtMost(
  stream: ReadableStream<Uint8Array>,
  most: number,
  tooLarge: () => Error,
  arrived?: (bytes: number) => Promise<void>,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > most) throw tooLarge();
    await arrived?.(chunk.length);
    chunks.push(chunk);
  }
  return filled(new Uint8Array(length), chunks);
}
