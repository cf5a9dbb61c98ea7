// Labelled pictures on disk: a folder with one folder a label, and nothing said of what else lies there.
import { type Dirent, readdirSync } from "node:fs";
import { join } from "node:path";

/** What the Finder and the like leave behind is no picture. */
const isHidden = ({ name }: Pick<Dirent, "name">): boolean => name.startsWith(".");

function read(dir: string): Dirent[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => !isHidden(entry))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (cause) {
    throw new Error(`--pictures ${dir} is no folder that can be read`, { cause });
  }
}

/** @returns names of the folders in it. @throws Error when there are none */
export function labelledFolders(dir: string): string[] {
  const names = read(dir).flatMap((entry) => (entry.isFile() ? [] : [entry.name]));
  if (names.length === 0) throw new Error(`--pictures ${dir} has no folders in it: put one folder a label there`);
  return names;
}

/** @returns paths of the files in one of them */
export const filesIn = (dir: string, folder: string): string[] =>
  read(join(dir, folder)).map(({ name }) => join(dir, folder, name));
