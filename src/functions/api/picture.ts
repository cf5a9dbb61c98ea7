// `<picture>` in a JSON body: a data URI, or an object with base64.
import { PICTURE_BYTES_CAP } from "../../core/image/bytesCap.ts";
import { Problem } from "../../core/problem.ts";
import { decodeBase64 } from "./base64.ts";

const DATA_URI = /^data:([^,;]*)(?:;[^,;]*)*;base64,/i;

const refuse = (pointer: string, message: string): never => {
  throw new Problem("invalid_request", `${pointer} ${message}.`, { errors: [{ pointer, message }] });
};

/** @throws Problem `invalid_request`, `invalid_base64`, `remote_refused`, `body_too_large` */
export function pictureFromJson(value: unknown, pointer: string): Uint8Array<ArrayBuffer> {
  const bytes = bytesOf(value, pointer);
  if (bytes.byteLength <= PICTURE_BYTES_CAP) return bytes;
  const message = `has more than the ${PICTURE_BYTES_CAP / 2 ** 20} MiB that a picture may have`;
  throw new Problem("body_too_large", `${pointer} ${message}.`, { errors: [{ pointer, message }] });
}

function bytesOf(value: unknown, pointer: string): Uint8Array<ArrayBuffer> {
  if (typeof value === "string") {
    const [head, type] = DATA_URI.exec(value) ?? [];
    if (head === undefined) {
      if (/^https?:/i.test(value)) return remote(pointer);
      return refuse(pointer, "must be a data URI (data:image/…;base64,…) or an object with data");
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
  if (name === "url") return remote(`${pointer}/url`);
  if (name !== "data") return refuse(`${pointer}/${name}`, "is not known: data or url");
  if (typeof content !== "string") return refuse(`${pointer}/data`, "must be a string");
  return decodeBase64(content, `${pointer}/data`);
}

function remote(pointer: string): never {
  const message = "pictures are not fetched by this deployment: its list of allowed hosts is empty";
  throw new Problem("remote_refused", `${pointer}: ${message}.`, { errors: [{ pointer, message }] });
}
