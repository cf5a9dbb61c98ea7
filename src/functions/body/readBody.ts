// A request's body as bytes, never more than a cap of them.
import { Problem } from "../../core/problem.ts";
import { readAtMost } from "../../core/readAtMost.ts";

const tooLarge = (cap: number): Problem =>
  new Problem("body_too_large", `The body may have ${cap / 2 ** 20} MiB at most.`);

/** Nothing is unpacked, webhooks neither: they are signed over the bytes as sent, which would then be no JSON. */
function refuseEncoded({ headers }: Request): void {
  const encoding = headers.get("content-encoding")?.toLowerCase() || "identity";
  if (encoding === "identity") return;
  const known = ["gzip", "deflate", "br", "zstd"].find((each) => each === encoding);
  throw new Problem(
    "unsupported_media_type",
    `A body in ${known ? `the content-encoding ${known}` : "this content-encoding"} is not taken: send it as it is.`,
  );
}

/**
 * Bytes that reading the body may take: what it declares, else the cap.
 * @throws Problem `unsupported_media_type`, `body_too_large`
 */
export function declaredBytes(request: Request, cap: number): number {
  refuseEncoded(request);
  const header = request.headers.get("content-length");
  const declared = header === null ? cap : Number(header);
  if (declared > cap) throw tooLarge(cap);
  return Number.isFinite(declared) ? declared : cap;
}

/** @throws Problem `unsupported_media_type`, `body_too_large` */
export async function readBody(request: Request, cap: number): Promise<Uint8Array<ArrayBuffer>> {
  refuseEncoded(request);
  if (!request.body) return new Uint8Array();
  // The runtime ends a body at its declared length, so that one can be read whole.
  if (request.headers.has("content-length")) {
    declaredBytes(request, cap);
    return new Uint8Array(await request.arrayBuffer());
  }
  return readAtMost(request.body, cap, () => tooLarge(cap));
}
