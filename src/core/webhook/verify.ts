// Whether an incoming webhook comes from whom it should, by Standard Webhooks: v1 and v1a, and not too long ago.
import { Problem } from "../problem.ts";
import { fromBase64 } from "./base64.ts";
import { readSecret, type WebhookKey } from "./secret.ts";
import { signedContent } from "./signedContent.ts";

const TOLERANCE_SECONDS = 5 * 60;
/** Each is one computation that a stranger can ask for. */
const MAX_SIGNATURES = 16;
export const MAX_ID_LENGTH = 256;

const invalid = (message: string): Problem => new Problem("signature_invalid", message);

/** workerd throws at an ed25519 signature of another length. */
const SIGNATURE_BYTES = { v1: 32, v1a: 64 };

/** Web Crypto compares in constant time. */
const matches = ({ version, key }: WebhookKey, signature: Uint8Array<ArrayBuffer>, content: Uint8Array<ArrayBuffer>) =>
  crypto.subtle.verify(version === "v1" ? "HMAC" : "Ed25519", key, signature, content);

/**
 * @param body as it arrived, byte for byte
 * @param secrets that are in force; several while one replaces another
 * @param now milliseconds
 * @returns the webhook's id
 * @throws Problem `signature_invalid`, `timestamp_outside_tolerance`; Error where a secret is none
 */
export async function verify(
  headers: Headers,
  body: Uint8Array,
  secrets: readonly string[],
  now: number,
): Promise<string> {
  const [id, timestamp, signatures] = ["id", "timestamp", "signature"].map((name) => headers.get(`webhook-${name}`));
  if (!id || !timestamp || !signatures)
    throw invalid("The headers webhook-id, webhook-timestamp and webhook-signature are needed.");
  if (id.length > MAX_ID_LENGTH) throw invalid(`webhook-id may have ${MAX_ID_LENGTH} characters at most.`);
  if (!/^\d{1,12}$/.test(timestamp)) throw invalid("webhook-timestamp must be in seconds since 1970.");
  const keys = await Promise.all(secrets.map(readSecret));
  const content = signedContent(id, timestamp, body);
  const given = signatures.split(" ").slice(0, MAX_SIGNATURES);
  const checks = given.flatMap((each) => {
    const [version, base64 = ""] = each.split(",");
    const signature = fromBase64(base64);
    if (!signature) return [];
    return keys
      .filter((key) => key.version === version && SIGNATURE_BYTES[key.version] === signature.length)
      .map((key) => matches(key, signature, content));
  });
  if (!(await Promise.all(checks)).includes(true)) throw invalid("No signature is that of a secret of this source.");
  if (Math.abs(now / 1000 - Number(timestamp)) > TOLERANCE_SECONDS) {
    throw new Problem(
      "timestamp_outside_tolerance",
      `webhook-timestamp is more than ${TOLERANCE_SECONDS / 60} minutes from this server's clock.`,
    );
  }
  return id;
}
