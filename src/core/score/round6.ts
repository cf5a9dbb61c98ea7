// Numbers as the API answers them: six decimals, never NaN, never negative zero.

export function round6(value: number): number {
  if (!Number.isFinite(value)) throw new RangeError(`a score is ${value}`);
  const rounded = Math.round(value * 1e6) / 1e6;
  return rounded === 0 ? 0 : rounded;
}
