// Fetches one file of a pack and believes it only when length and hash are those of the manifest.
import { sha256 } from "../hash.ts";
import { Problem } from "../problem.ts";
import type { Manifest } from "./manifest.ts";

/** Where the files of a pack come from: the assets of a Worker, a directory, a bucket. */
export type FileSource = (name: string) => Promise<Response>;

/** @throws Problem `pack_corrupt` when the bytes differ from the manifest, `model_unavailable` when there are none */
export async function fetchFile(
  source: FileSource,
  manifest: Manifest,
  name: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const expected = manifest.files.find((file) => file.name === name);
  if (!expected) throw new Problem("pack_corrupt", `The pack ${manifest.id} lists no file ${name}.`);
  const response = await source(name);
  if (!response.ok)
    throw new Problem("model_unavailable", `${name} of the pack ${manifest.id} is missing (${response.status}).`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (bytes.byteLength !== expected.bytes || (await sha256(bytes)) !== expected.sha256) {
    throw new Problem("pack_corrupt", `${name} of the pack ${manifest.id} is not the file that was built.`);
  }
  return bytes;
}
