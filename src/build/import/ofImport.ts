// A tower of an export as what the drift is held of. What makes a layer's input is not known here, so outliers are moved by a
// multiplication in front of it.

import type { TowerName } from "../ort.ts";
import type { Adjustable, Divided } from "../quantize/adjustable.ts";
import { smoothed } from "../quantize/smoothed.ts";
import type { SourceTower } from "./findTower.ts";
import { type ImportedImage, writeImported } from "./writeImported.ts";

export const ofImport = (tower: TowerName, source: SourceTower, image: ImportedImage): Adjustable<Divided> => ({
  tower,
  source: new Map(),
  write: (dir, divided, precision) =>
    writeImported(dir, tower, source, image, smoothed(precision, divided), Number.POSITIVE_INFINITY),
  migrated: (_source, layers) => layers,
});
