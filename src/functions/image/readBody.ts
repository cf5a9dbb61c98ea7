// A request's body as bytes, never more than a cap of them.
import { Problem } from "../../core/problem.ts";

/** A picture's own limit. */
export const BODY_CAP = 20 * 2 ** 20;

const tooLarge = (): Problem => new Problem("body_too_large", `A picture may have ${BODY_CAP / 2 ** 20} MiB.`);

/** Bytes that reading the body may take: what it declares, else the cap. @throws Problem `body_too_large` */
export function declaredBytes(request: Request): number {
  const header = request.headers.get("content-length");
  const declared = header === null ? BODY_CAP : Number(header);
  if (declared > BODY_CAP) throw tooLarge();
  return Number.isFinite(declared) ? declared : BODY_CAP;
}

/** @throws Problem `body_too_large` */
export async function readBody(request: Request): Promise<Uint8Array> {
  if (!request.body) return new Uint8Array();
  // The runtime ends a body at its declared length, so that one can be read whole.
  if (request.headers.has("content-length")) return new Uint8Array(await request.arrayBuffer());
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body as ReadableStream<Uint8Array>) {
    length += chunk.length;
    if (length > BODY_CAP) throw tooLarge();
    chunks.push(chunk);
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}
