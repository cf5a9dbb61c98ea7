// `<picture>` in a JSON body: a data URI, an object with base64, an address, or for batches the key of an object in the bucket.
import * as v from "valibot";
import { PICTURE_BYTES_CAP } from "../../core/image/bytesCap.ts";
import { escaped } from "../../core/json/pointer.ts";
import { Problem } from "../../core/problem.ts";
import { cut } from "../../core/quoted.ts";
import type { FetchRemote } from "../remote/remoteFetcher.ts";
import { decodeBase64 } from "./base64.ts";

/** `<picture>` where it stands in a schema; what is wrong with one is told by pictureFromJson. */
export const pictureValue = v.unknown();

type Bytes = Uint8Array<ArrayBuffer>;

/** What comes before the bytes of a data URI: its type and parameters. */
const DATA_URI = /^data:([^,;]*)(?:;[^,]*)?;base64,/i;
/** Of them, more is no data URI that anyone writes. */
const MAX_HEAD = 1024;

const refuse = (pointer: string, message: string): never => {
  throw new Problem("invalid_request", `${pointer} ${message}.`, { errors: [{ pointer, message }] });
};

/** @param pointer where the key stands in the request */
export type ReadObject = (key: string, pointer: string) => Promise<Bytes>;

/** @throws Problem `invalid_request`, `invalid_base64`, `body_too_large`, `remote_refused` and what else fetching may end in */
export async function pictureFromJson(
  value: unknown,
  pointer: string,
  fetchRemote: FetchRemote,
  readObject?: ReadObject,
): Promise<Bytes> {
  const bytes = await bytesOf(value, pointer, fetchRemote, readObject);
  if (bytes.byteLength <= PICTURE_BYTES_CAP) return bytes;
  const message = `has more than the ${PICTURE_BYTES_CAP / 2 ** 20} MiB that a picture may have`;
  throw new Problem("body_too_large", `${pointer} ${message}.`, { errors: [{ pointer, message }] });
}

function bytesOf(
  value: unknown,
  pointer: string,
  fetchRemote: FetchRemote,
  readObject: ReadObject | undefined,
): Bytes | Promise<Bytes> {
  if (typeof value === "string") {
    const [head, type] = DATA_URI.exec(value.slice(0, MAX_HEAD)) ?? [];
    if (head === undefined) {
      if (/^https?:/i.test(value)) return fetchRemote(value, pointer);
      return refuse(
        pointer,
        "must be an https address, a data URI (data:image/…;base64,…) or an object with data or url",
      );
    }
    if (type && !/^(?:image\/|application\/octet-stream)/i.test(type))
      return refuse(pointer, `is a data URI of ${cut(type)}, not of an image`);
    return decodeBase64(value.slice(head.length), pointer);
  }
  if (typeof value !== "object" || value === null)
    return refuse(pointer, value === undefined ? "is missing" : "must be a string or an object");
  const entries = Object.entries(value);
  const [[name, content] = ["", undefined]] = entries;
  const [most, known] = readObject ? ["data, url and key", "data, url or key"] : ["data and url", "data or url"];
  if (entries.length !== 1) return refuse(pointer, `must have exactly one of ${most}`);
  if (name !== "data" && name !== "url" && !(name === "key" && readObject))
    return refuse(`${pointer}/${escaped(cut(name))}`, `is not known: ${known}`);
  if (typeof content !== "string") return refuse(`${pointer}/${name}`, "must be a string");
  if (name === "key" && readObject) return readObject(content, `${pointer}/key`);
  if (name === "url") return fetchRemote(content, `${pointer}/url`);
  return decodeBase64(content, `${pointer}/data`);
}
