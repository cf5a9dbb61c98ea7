// The squares beside the centre crop that show what it cuts off.
import type { Axis, Crop } from "./crop.ts";
import type { Orientation } from "./orientation.ts";

/** Tiles of one picture; what is longer is squashed into them. */
export const MAX_TILES = 5;
/** A tile that lies less than this part of a square beside the centre crop shows too little that is new. */
const SLIGHT = 1 / 16;

/** @param centre the longer side as the centre crop has it */
function axesAlong(centre: Axis, size: number, maxTiles: number, mirrored: boolean): Axis[] {
  if ((centre.resized - size) / 2 < size * SLIGHT) return [];
  const needed = Math.ceil(centre.resized / size);
  const squashed = needed > maxTiles;
  const count = squashed ? maxTiles : needed;
  // Squashed, each tile shows its share of the longer side in S pixels.
  const resized = squashed ? count * size : centre.resized;
  const axes = Array.from({ length: count }, (_, at) => {
    const offset = count === 1 ? 0 : Math.round((at * (resized - size)) / (count - 1));
    return { length: centre.length, resized, offset: mirrored ? resized - size - offset : offset };
  });
  return squashed ? axes : axes.filter(({ offset }) => Math.abs(offset - centre.offset) >= size * SLIGHT);
}

/** Squares of the shorter side, evenly along the longer one from end to end, without the one that the centre crop shows. */
export function tilesOf(crop: Crop, size: number, maxTiles: number, { mirrorX, mirrorY }: Orientation): Crop[] {
  const { x, y } = crop;
  return x.resized > y.resized
    ? axesAlong(x, size, maxTiles, mirrorX).map((axis) => ({ x: axis, y }))
    : axesAlong(y, size, maxTiles, mirrorY).map((axis) => ({ x, y: axis }));
}
