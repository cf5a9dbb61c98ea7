// The picture that a line names: in the line itself, at an address, or in the bucket.
import { PICTURE_BYTES_CAP } from "../../core/image/bytesCap.ts";
import { Problem } from "../../core/problem.ts";
import type { Timing } from "../answer/timing.ts";
import { isOwn, isTooLong, MAX_KEY_BYTES, pictureKey } from "../batches/keys.ts";
import { pictureFromJson, type ReadObject } from "../input/picture.ts";
import { remoteFetcher } from "../remote/remoteFetcher.ts";
import type { ChunkEnv } from "./env.ts";

/** @throws Problem `not_found`, `body_too_large`, `invalid_request` */
const objectReader =
  ({ BUCKET }: ChunkEnv, own: string | undefined): ReadObject =>
  async (key, pointer) => {
    const wrong = (code: "not_found" | "body_too_large" | "invalid_request", message: string) =>
      new Problem(code, `${pointer} ${message}.`, { errors: [{ pointer, message }] });
    if (isTooLong(key)) throw wrong("invalid_request", `may have ${MAX_KEY_BYTES} bytes at most`);
    if (isOwn(key) && key !== own) throw wrong("invalid_request", "names an object of a batch, not a picture");
    const object = await BUCKET.get(key);
    if (!object) throw wrong("not_found", "names no object of the bucket");
    if (object.size > PICTURE_BYTES_CAP) {
      await object.body.cancel();
      throw wrong("body_too_large", `has more than the ${PICTURE_BYTES_CAP / 2 ** 20} MiB that a picture may have`);
    }
    return new Uint8Array(await object.arrayBuffer());
  };

/**
 * @param job whose own picture its line may name
 * @returns reads the bytes of a line's `image`
 */
export function pictureReader(
  env: ChunkEnv,
  timing: Timing,
  job?: string,
): (image: unknown) => Promise<Uint8Array<ArrayBuffer>> {
  const [fetchRemote, readObject] = [remoteFetcher(env, timing), objectReader(env, job && pictureKey(job))];
  return (image) => pictureFromJson(image, "/image", fetchRemote, readObject);
}
