// Room on the disk that a folder lies on, or will.
import { statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";

export async function freeBytes(dir: string): Promise<number> {
  const path = resolve(dir);
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch (error) {
    const parent = dirname(path);
    if (parent === path) throw error;
    return freeBytes(parent);
  }
}
