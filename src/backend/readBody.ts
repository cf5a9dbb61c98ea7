// A request's body from Node's stream, unpacked where it is compressed, never more than a cap of it.
import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip, inflate } from "node:zlib";
import { Problem } from "../core/problem.ts";

const UNPACK = { gzip: promisify(gunzip), deflate: promisify(inflate) };
const isPacked = (encoding: string): encoding is keyof typeof UNPACK => Object.hasOwn(UNPACK, encoding);

const tooLarge = (cap: number): Problem => new Problem("body_too_large", `The body may have ${cap} bytes.`);

async function unpack(body: Buffer, encoding: string, cap: number): Promise<Uint8Array> {
  if (encoding === "identity") return body;
  if (!isPacked(encoding))
    throw new Problem("unsupported_media_type", `content-encoding may be gzip or deflate, not ${encoding}.`);
  try {
    return await UNPACK[encoding](body, { maxOutputLength: cap });
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge(cap);
    throw new Problem("invalid_request", `The body is no ${encoding}.`, { cause });
  }
}

/** @throws Problem `body_too_large`, `unsupported_media_type`, `invalid_request` */
export async function readBody(request: IncomingMessage, cap: number): Promise<Uint8Array> {
  if (Number(request.headers["content-length"] ?? 0) > cap) throw tooLarge(cap);
  const chunks: Buffer[] = [];
  let length = 0;
  // Not ended by an early exit, so that the answer still reaches the client.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += chunk.length;
    if (length > cap) throw tooLarge(cap);
    chunks.push(chunk);
  }
  return unpack(Buffer.concat(chunks, length), (request.headers["content-encoding"] ?? "identity").toLowerCase(), cap);
}
