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

export function goldenInputs(size: number, context: number, vocab: number) {
  const below = generator(1);
  const pixels = Uint8Array.from({ length: COUNT * size * size * 3 }, () => below(256));
  const ids = new Int32Array(COUNT * context);
  for (let row = 0; row < COUNT; row++) {
    const length = 3 + below(context - 3);
    ids.set([vocab - 2, ...Array.from({ length: length - 2 }, () => below(vocab - 2)), vocab - 1], row * context);
  }
  return { count: COUNT, pixels, ids };
}
