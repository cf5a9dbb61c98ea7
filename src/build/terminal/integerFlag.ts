// The value of a flag that is a whole number.

/** @throws Error naming the flag */
export function integerFlag(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!/^\d{1,9}$/.test(text) || value < least || value > most)
    throw new Error(`--${name} must be ${least} to ${most}, not ${text}`);
  return value;
}
