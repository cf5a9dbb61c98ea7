// The hash of a pack: of everything that its manifest states, files with their hashes included, but the hash itself.
import { sha256 } from "../core/hash.ts";
import type { Manifest } from "../core/pack/manifest.ts";

/** @param manifest as readManifest gives it, whose order of fields is the schema's */
export async function packHash({ pack: _, quantization, files, ...rest }: Manifest): Promise<string> {
  return sha256(new TextEncoder().encode(JSON.stringify({ ...rest, quantization, files })));
}
