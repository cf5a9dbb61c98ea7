// Whether an incoming webhook comes from whom it should, by GitHub's scheme: HMAC-SHA256 of the body, in hexadecimal.
// https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
import { Problem } from "../problem.ts";
import { importHmac } from "./secret.ts";
import { MAX_ID_LENGTH } from "./verify.ts";

const invalid = (message: string): Problem => new Problem("signature_invalid", message);

/**
 * @param body as it arrived, byte for byte
 * @param secrets that are in force, each as the text that GitHub was given
 * @returns the id of the delivery, which this scheme does not sign
 * @throws Problem `signature_invalid`
 */
export async function verifyGithub(
  headers: Headers,
  body: Uint8Array<ArrayBuffer>,
  secrets: readonly string[],
): Promise<string> {
  const id = headers.get("x-github-delivery");
  const [, hex] = /^sha256=([0-9a-f]{64})$/.exec(headers.get("x-hub-signature-256") ?? "") ?? [];
  if (!id || !hex) throw invalid("The headers x-github-delivery and x-hub-signature-256 (sha256=…) are needed.");
  if (id.length > MAX_ID_LENGTH) throw invalid(`x-github-delivery may have ${MAX_ID_LENGTH} characters at most.`);
  const signature = Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  const checks = secrets
    .filter(Boolean)
    .map(async (secret) =>
      crypto.subtle.verify(
        "HMAC",
        await importHmac(Uint8Array.from(new TextEncoder().encode(secret))),
        signature,
        body,
      ),
    );
  if (!(await Promise.all(checks)).includes(true)) throw invalid("The signature is that of no secret of this source.");
  return id;
}
