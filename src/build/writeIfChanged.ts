// Writes a file only when its content differs: a running wrangler watches what is staged, and restarts on every write.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

export async function writeIfChanged(path: string, content: Uint8Array | string): Promise<void> {
  const wanted = Buffer.from(content);
  const present = await readFile(path).catch(() => undefined); // not written yet
  if (present?.equals(wanted)) return;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, wanted);
}
