// A checkpoint's tensors under the canonical names, which are OpenCLIP's, put together from what the file keeps.
import type { TensorSource } from "./tensorSource.ts";

/** How a canonical tensor is made of the file's. */
export interface Recipe {
  /** Names in the file; several are stacked along their first axis. */
  parts: readonly string[];
  /** The file keeps a matrix the other way round. */
  turned: boolean;
}

function shapeOf(source: TensorSource, { parts, turned }: Recipe): number[] {
  const [first = [], ...others] = parts.map((part) => source.shape(part));
  for (const [index, other] of others.entries()) {
    if (other.slice(1).join() !== first.slice(1).join())
      throw new Error(`${parts[index + 1]} has the shape [${other}], ${parts[0]} [${first}]`);
  }
  if (parts.length === 1) return turned ? [...first].reverse() : [...first];
  const rows = parts.reduce((sum, part) => sum + (source.shape(part)[0] ?? 1), 0);
  return [rows, ...first.slice(1)];
}

function readRecipe(source: TensorSource, { parts, turned }: Recipe): Float32Array<ArrayBuffer> {
  const read = parts.map((part) => source.read(part, source.shape(part)));
  const [only = new Float32Array()] = read;
  if (read.length === 1 && !turned) return only;
  if (read.length === 1) {
    const [rows = 1, columns = 1] = source.shape(parts[0] ?? "");
    const flipped = new Float32Array(only.length);
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) flipped[column * rows + row] = only[row * columns + column] ?? 0;
    return flipped;
  }
  const stacked = new Float32Array(read.reduce((sum, each) => sum + each.length, 0));
  let at = 0;
  for (const each of read) {
    stacked.set(each, at);
    at += each.length;
  }
  return stacked;
}

export function renamed(source: TensorSource, recipes: ReadonlyMap<string, Recipe>): TensorSource {
  const recipe = (name: string): Recipe => {
    const found = recipes.get(name);
    if (!found) throw new Error(`the checkpoint has no tensor ${name}`);
    return found;
  };
  return {
    names: [...recipes.keys()],
    has: (name) => recipes.has(name),
    shape: (name) => shapeOf(source, recipe(name)),
    isFloat: (name) => recipe(name).parts.every((part) => source.isFloat(part)),
    read: (name, shape) => {
      const own = shapeOf(source, recipe(name));
      if (own.join() !== shape.join())
        throw new Error(
          `${recipe(name).parts.join(", ")}: ${name} has the shape [${own}], the configuration asks for [${shape}]`,
        );
      return readRecipe(source, recipe(name));
    },
    close: () => source.close(),
  };
}
