// At most so many at a time; the rest wait in order.

export type Limit = <T>(work: () => Promise<T>) => Promise<T>;

export function limiter(most: number): Limit {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      // The next one takes over this place.
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
