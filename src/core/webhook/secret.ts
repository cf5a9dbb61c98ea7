// The secrets of Standard Webhooks as keys: `whsec_` and base64 signs and verifies v1 (HMAC-SHA256), `whpk_` and the
// base64 of an ed25519 public key verifies v1a. https://github.com/standard-webhooks/standard-webhooks
import { fromBase64 } from "./base64.ts";

/** Below 128 bits a key can be guessed; the specification wants 24 to 64 bytes. */
const MIN_SECRET_BYTES = 16;
const PUBLIC_KEY_BYTES = 32;

export interface WebhookKey {
  version: "v1" | "v1a";
  key: CryptoKey;
}

export const importHmac = (bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> =>
  crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);

/** @throws Error that does not tell the secret */
export async function readSecret(secret: string): Promise<WebhookKey> {
  const [, prefix, base64 = ""] = /^(whsec_|whpk_)?(.*)$/s.exec(secret) ?? [];
  const bytes = fromBase64(base64);
  if (prefix === "whpk_") {
    if (bytes?.length !== PUBLIC_KEY_BYTES) throw new Error("whpk_ must be followed by 32 bytes in base64");
    return { version: "v1a", key: await crypto.subtle.importKey("raw", bytes, "Ed25519", false, ["verify"]) };
  }
  if (!bytes || bytes.length < MIN_SECRET_BYTES)
    throw new Error(`a secret is whsec_ and at least ${MIN_SECRET_BYTES} bytes in base64`);
  return { version: "v1", key: await importHmac(bytes) };
}
