// `<picture>` in a JSON body: a data URI, an object with base64, or an address.
import * as v from "valibot";
import { PICTURE_BYTES_CAP } from "../../core/image/bytesCap.ts";
import { Problem } from "../../core/problem.ts";
import type { FetchRemote } from "../remote/remoteFetcher.ts";
import { decodeBase64 } from "./base64.ts";

/** `<picture>` where it stands in a schema; what is wrong with one is told by pictureFromJson. */
export const pictureValue = v.unknown();

const DATA_URI = /^data:([^,;]*)(?:;[^,;]*)*;base64,/i;

const refuse = (pointer: string, message: string): never => {
  throw new Problem("invalid_request", `${pointer} ${message}.`, { errors: [{ pointer, message }] });
};

/** @throws Problem `invalid_request`, `invalid_base64`, `body_too_large`, `remote_refused` and what else fetching may end in */
export async function pictureFromJson(
  value: unknown,
  pointer: string,
  fetchRemote: FetchRemote,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await bytesOf(value, pointer, fetchRemote);
  if (bytes.byteLength <= PICTURE_BYTES_CAP) return bytes;
  const message = `has more than the ${PICTURE_BYTES_CAP / 2 ** 20} MiB that a picture may have`;
  throw new Problem("body_too_large", `${pointer} ${message}.`, { errors: [{ pointer, message }] });
}

type Bytes = Uint8Array<ArrayBuffer>;

function bytesOf(value: unknown, pointer: string, fetchRemote: FetchRemote): Bytes | Promise<Bytes> {
  if (typeof value === "string") {
    const [head, type] = DATA_URI.exec(value) ?? [];
    if (head === undefined) {
      if (/^https?:/i.test(value)) return fetchRemote(value, pointer);
      return refuse(
        pointer,
        "must be an https address, a data URI (data:image/…;base64,…) or an object with data or url",
      );
    }
    if (type && !/^(?:image\/|application\/octet-stream)/i.test(type))
      return refuse(pointer, `is a data URI of ${type}, not of an image`);
    return decodeBase64(value.slice(head.length), pointer);
  }
  if (typeof value !== "object" || value === null)
    return refuse(pointer, value === undefined ? "is missing" : "must be a string or an object");
  const entries = Object.entries(value);
  const [[name, content] = ["", undefined]] = entries;
  if (entries.length !== 1) return refuse(pointer, "must have exactly one of data and url");
  if (name !== "data" && name !== "url") return refuse(`${pointer}/${name}`, "is not known: data or url");
  if (typeof content !== "string") return refuse(`${pointer}/${name}`, "must be a string");
  if (name === "url") return fetchRemote(content, `${pointer}/url`);
  return decodeBase64(content, `${pointer}/data`);
}
