// The headers of an outgoing webhook, by Standard Webhooks v1.
import { toBase64 } from "./base64.ts";
import { readSecret } from "./secret.ts";
import { signedContent } from "./signedContent.ts";

export interface SignedHeaders {
  "webhook-id": string;
  "webhook-timestamp": string;
  "webhook-signature": string;
}

/**
 * @param secrets at least one; with several, each signs, so that a receiver may change over in its own time
 * @param now milliseconds
 * @throws Error where a secret is none that signs
 */
export async function sign(
  secrets: readonly string[],
  id: string,
  body: Uint8Array,
  now: number,
): Promise<SignedHeaders> {
  if (secrets.length === 0) throw new Error("there is no secret to sign with");
  const timestamp = String(Math.floor(now / 1000));
  const content = signedContent(id, timestamp, body);
  const signatures = secrets.map(async (secret) => {
    const { version, key } = await readSecret(secret);
    if (version !== "v1") throw new Error("a public key cannot sign");
    return `${version},${toBase64(new Uint8Array(await crypto.subtle.sign("HMAC", key, content)))}`;
  });
  return {
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": (await Promise.all(signatures)).join(" "),
  };
}
