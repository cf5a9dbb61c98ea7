// JSON pointers (RFC 6901) into a document, where a segment `*` stands for every item of a list.
import { Problem } from "../problem.ts";

export interface Found {
  /** Where it stands, without `*`. */
  pointer: string;
  value: unknown;
}

export const isPointer = (text: string): boolean => /^(?:\/(?:[^~/]|~[01])*)+$/.test(text);

/** A key as a pointer names it. */
export const escaped = (segment: string): string => segment.replaceAll("~", "~0").replaceAll("/", "~1");

const invalid = (pointer: string, message: string): Problem =>
  new Problem("invalid_request", `${pointer} ${message}.`, { errors: [{ pointer, message }] });

function child({ pointer, value }: Found, segment: string): Found {
  const at = `${pointer}/${escaped(segment)}`;
  // "length" is a list's own property as well.
  const named = !Array.isArray(value) || /^\d+$/.test(segment);
  if (typeof value !== "object" || value === null || !named || !Object.hasOwn(value, segment))
    throw invalid(at, "is missing");
  return { pointer: at, value: Reflect.get(value, segment) };
}

function items({ pointer, value }: Found): Found[] {
  if (!Array.isArray(value)) throw invalid(pointer, "must be a list");
  return value.map((item: unknown, index) => ({ pointer: `${pointer}/${index}`, value: item }));
}

/**
 * What a pointer leads to; a list at its end counts as its items.
 * @param most that may be found
 * @throws Problem `invalid_request` naming where it leads to nothing, to another kind of value, or to too much
 */
export function select(document: unknown, pointer: string, most: number): Found[] {
  const bounded = (found: Found[], where: string): Found[] => {
    if (found.length > most) throw invalid(where, `has more than the ${most} that are taken`);
    return found;
  };
  let found: Found[] = [{ pointer: "", value: document }];
  let walked = "";
  for (const segment of pointer.slice(1).split("/")) {
    walked += `/${segment}`;
    const name = segment.replaceAll("~1", "/").replaceAll("~0", "~");
    found = segment === "*" ? bounded(found.flatMap(items), walked) : found.map((each) => child(each, name));
  }
  return bounded(
    found.flatMap((each) => (Array.isArray(each.value) ? items(each) : [each])),
    pointer,
  );
}
