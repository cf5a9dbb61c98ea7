// Paints an animation up to chosen frames, within bounds on the work and on the memory.
import type { Animation, Frame } from "./animation.ts";
import type { Canvas } from "./canvas.ts";

/** Pixels that may be decoded, an equal share for each target: what one is painted over is only as old as its share allows. */
const MAX_PIXELS = 48e6;
/** What a frame costs beside its pixels, in pixels. */
const FRAME_COST = 4096;

/** Reading past the last byte. */
const isEnd = (error: unknown): boolean => error instanceof RangeError;

/** @returns the frame from which painting has to begin for `target`, not before `first` */
function startOf(animation: Animation, canvas: Canvas, first: number, target: number, share: number): number {
  let cost = 0;
  for (let at = target; at >= first; at--) {
    const { x, y, width, height, opaque, dispose } = animation.frame(at);
    const painted = dispose !== "restore" || at === target;
    cost += FRAME_COST + (painted ? width * height : 0);
    if (cost > share) return Math.min(at + 1, target);
    const covers = x === 0 && y === 0 && width >= canvas.width && height >= canvas.height;
    if (painted && opaque && covers) return at;
  }
  return first;
}

/** @returns what undoes the frame before the next one, as its disposal asks */
function undoOf(frame: Frame, canvas: Canvas, spare: number): () => void {
  const rectangle = canvas.clip(frame);
  const { x, y, width, height } = rectangle;
  if (frame.dispose === "empty") return () => canvas.write(rectangle);
  // Where the memory is too little for what was there before, the frame stays: it was seen already.
  if (frame.dispose === "keep" || width * height * 3 > spare) return () => {};
  const before = canvas.read(x, y, width, height).slice();
  return () => canvas.write(rectangle, before);
}

/**
 * Yields when the canvas shows one of the targets. An animation that is cut off ends with what a browser shows last.
 * @throws DecodeFailed, HeapExhausted for a frame that cannot be painted here: a browser may well show it
 * @param targets indices of frames, ascending
 * @param spare bytes beside the canvas
 */
export function* play(
  animation: Animation,
  canvas: Canvas,
  targets: readonly number[],
  spare: number,
): Generator<Canvas, void> {
  const share = MAX_PIXELS / targets.length;
  let next = 0;
  let undo = () => {};
  for (const target of targets) {
    let unseen = false;
    try {
      for (let at = startOf(animation, canvas, next, target, share); at <= target; at++) {
        const frame = animation.frame(at);
        // It would leave nothing behind.
        if (frame.dispose === "restore" && at !== target) continue;
        undo();
        undo = undoOf(frame, canvas, spare);
        frame.paint(canvas);
        unseen = true;
      }
    } catch (error) {
      if (!isEnd(error)) throw error;
      if (unseen) yield canvas;
      return;
    }
    next = target + 1;
    yield canvas;
  }
}
