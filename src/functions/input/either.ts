// A union that tells what is wrong within the alternative that was meant, where Valibot's own only tells that none fits.
import * as v from "valibot";

type Message = v.ErrorMessage<v.UnionIssue<v.BaseIssue<unknown>>>;
type Alternative = v.GenericSchema & { entries?: Readonly<Record<string, unknown>> };

const KINDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === "string",
  array: (value) => Array.isArray(value),
};
const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Of several objects the one that knows the most of its keys; none where two know as many. */
function meantBy<A extends Alternative>(alternatives: readonly A[], value: unknown): A | undefined {
  const fitting = alternatives.filter(({ type }) => (KINDS[type] ?? isObject)(value));
  if (fitting.length < 2) return fitting[0];
  const known = (alternative: Alternative) =>
    Object.keys(value ?? {}).filter((key) => Object.hasOwn(alternative.entries ?? {}, key)).length;
  const [first, second] = fitting.map((each) => ({ each, known: known(each) })).sort((a, b) => b.known - a.known);
  return first && first.known > (second?.known ?? 0) ? first.each : undefined;
}

/**
 * @param alternatives a text, a list and objects, of which each is told from the others by its kind or its keys
 * @param message where it cannot be told which of them was meant
 */
export function either<const A extends readonly Alternative[]>(
  alternatives: A,
  message: Message,
): v.UnionSchema<A, Message> {
  const union = v.union(alternatives, message);
  return {
    ...union,
    "~run": (dataset, config) => (meantBy(alternatives, dataset.value) ?? union)["~run"](dataset, config),
  };
}
