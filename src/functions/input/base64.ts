// Base64 as people send it: standard or URL-safe alphabet, padding or none.
import { Problem } from "../../core/problem.ts";

/** @throws Problem `invalid_base64` */
export function decodeBase64(text: string, pointer: string): Uint8Array<ArrayBuffer> {
  try {
    let end = text.length;
    // By hand: a pattern would look again from each "=" of a long row of them.
    while (text[end - 1] === "=") end--;
    const binary = atob(text.slice(0, end).replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = new Uint8Array(binary.length);
    // Uint8Array.from would list the characters of 20 MiB first.
    for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
    return bytes;
  } catch (cause) {
    const message = "is not valid base64";
    throw new Problem("invalid_base64", `${pointer} ${message}.`, { errors: [{ pointer, message }], cause });
  }
}
