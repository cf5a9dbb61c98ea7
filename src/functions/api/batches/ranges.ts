// One range of bytes that a request asks for. https://www.rfc-editor.org/rfc/rfc9110#name-range-requests

export interface ByteRange {
  offset: number;
  length: number;
}

/** @returns undefined where all of it is wanted (several ranges included), null where there is no such range */
export function rangeOf(header: string | undefined, size: number): ByteRange | undefined | null {
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length > 0 ? { offset: size - length, length } : null;
  }
  const offset = Number(first);
  const end = last === "" ? size : Math.min(Number(last) + 1, size);
  if (last !== "" && Number(last) < offset) return undefined;
  return offset < size ? { offset, length: end - offset } : null;
}
