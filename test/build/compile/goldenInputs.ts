// The pictures and ids that training/goldens.py fed to the reference, by the same formula.
const COUNT = 3;

/** Numerical Recipes' linear congruential generator; the upper bits are used. */
function generator(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % bound;
  };
}

/** @param pad of a CoCa, whose class token sees pads: they are its own, and one text has none */
export function goldenInputs(size: number, context: number, vocab: number, pad: number | null = null) {
  const below = generator(1);
  const pixels = Uint8Array.from({ length: COUNT * size * size * 3 }, () => below(256));
  const ids = new Int32Array(COUNT * context);
  for (let row = 0; row < COUNT; row++) {
    const length = 3 + below(context - 3);
    ids.set([vocab - 2, ...Array.from({ length: length - 2 }, () => below(vocab - 2)), vocab - 1], row * context);
  }
  if (pad !== null) {
    for (const [index, id] of ids.entries()) if (id === 0) ids[index] = pad;
    const body = Array.from({ length: context - 2 }, (_, index) => 10 + index);
    ids.set([vocab - 2, ...body, vocab - 1], (COUNT - 1) * context);
  }
  return { count: COUNT, pixels, ids };
}
