// The lines of a batch on their way from the request to the bucket: never whole in memory, bounded, and hashed.
import { Problem } from "../../../core/problem.ts";
import { ObjectWriter } from "../../batches/objectWriter.ts";
import { declaredBytes } from "../../body/readBody.ts";

const BODY_BYTES_CAP = 100 * 2 ** 20;

export interface Uploaded {
  bytes: number;
  /** `sha256:<hex>` */
  hash: string;
}

/** Before a job is opened for it. @throws Problem `unsupported_media_type`, `body_too_large` */
export const checkUpload = (request: Request): number => declaredBytes(request, BODY_BYTES_CAP);

/** @throws Problem `body_too_large`, `invalid_request` where there is nothing in it */
async function readThrough(request: Request, write: (bytes: Uint8Array) => Promise<void>): Promise<Uploaded> {
  const digest = new crypto.DigestStream("SHA-256");
  const hashing = digest.getWriter();
  let bytes = 0;
  if (request.body) {
    for await (const chunk of request.body as ReadableStream<Uint8Array>) {
      bytes += chunk.length;
      if (bytes > BODY_BYTES_CAP)
        throw new Problem("body_too_large", `The body may have ${BODY_BYTES_CAP / 2 ** 20} MiB.`);
      await Promise.all([write(chunk), hashing.write(chunk)]);
    }
  }
  await hashing.close();
  if (bytes === 0) {
    const message = "must have a line for each picture";
    throw new Problem("invalid_request", `The body ${message}.`, { errors: [{ pointer: "", message }] });
  }
  const hex = Array.from(new Uint8Array(await digest.digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { bytes, hash: `sha256:${hex}` };
}

/** @param progressed is called with each piece that was written */
export async function upload(
  bucket: R2Bucket,
  key: string,
  request: Request,
  progressed: () => void,
): Promise<Uploaded> {
  const writer = new ObjectWriter(bucket, key);
  try {
    const uploaded = await readThrough(request, async (bytes) => {
      await writer.write(bytes);
      progressed();
    });
    await writer.finish();
    return uploaded;
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** The hash alone, of lines that are in the bucket already. */
export const hashBody = async (request: Request): Promise<string> => (await readThrough(request, async () => {})).hash;
