// The zip that `torch.save` writes: uncompressed members, read in place.
// The format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT (zip64 past 4 GiB)
import { closeSync, fstatSync, openSync } from "node:fs";
import { readExactly } from "../readExactly.ts";

const END = 0x06054b50;
const END_64 = 0x06064b50;
const END_64_LOCATOR = 0x07064b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
/** A comment behind the end record may have this many bytes. */
const MAX_COMMENT = 65_535;
/** Of the directory: a checkpoint has thousands of members, not millions. */
const MAX_DIRECTORY = 64 * 2 ** 20;
const IN_ZIP64 = 0xffffffff;

interface Member {
  /** Of the local header. */
  header: number;
  size: number;
}

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export class Zip {
  readonly path: string;
  readonly #file: number;
  readonly #members: Map<string, Member>;

  private constructor(path: string, file: number, members: Map<string, Member>) {
    this.path = path;
    this.#file = file;
    this.#members = members;
  }

  /** @throws Error naming the file and what is wrong with it */
  static open(path: string): Zip {
    const file = openSync(path, "r");
    try {
      return new Zip(path, file, readMembers(path, file));
    } catch (error) {
      closeSync(file);
      throw error instanceof RangeError ? new Error(`${path}: a damaged zip`, { cause: error }) : error;
    }
  }

  get names(): string[] {
    return [...this.#members.keys()];
  }

  /** @throws Error when there is no such member */
  size(name: string): number {
    return this.#member(name).size;
  }

  /** @param begin inside the member */
  read(name: string, begin: number, length: number): Uint8Array<ArrayBuffer> {
    const { header, size } = this.#member(name);
    if (begin + length > size)
      throw new Error(`${this.path}: ${name} has ${size} bytes, ${begin + length} are asked for`);
    const local = view(readExactly(this.path, this.#file, header, 30));
    if (local.getUint32(0, true) !== LOCAL) throw new Error(`${this.path}: ${name}: a damaged header`);
    const start = header + 30 + local.getUint16(26, true) + local.getUint16(28, true);
    return readExactly(this.path, this.#file, start + begin, length);
  }

  close(): void {
    closeSync(this.#file);
  }

  #member(name: string): Member {
    const member = this.#members.get(name);
    if (!member) throw new Error(`${this.path}: there is no ${name} in it`);
    return member;
  }
}

function readMembers(path: string, file: number): Map<string, Member> {
  const { size } = fstatSync(file);
  const tail = readExactly(path, file, Math.max(0, size - MAX_COMMENT - 22), Math.min(size, MAX_COMMENT + 22));
  const end = view(tail);
  let at = tail.length - 22;
  while (at >= 0 && end.getUint32(at, true) !== END) at--;
  if (at < 0) throw new Error(`${path}: is no zip, as torch.save has written since 1.6`);
  let [count, length, start] = [
    end.getUint16(at + 10, true),
    end.getUint32(at + 12, true),
    end.getUint32(at + 16, true),
  ];
  if (at >= 20 && end.getUint32(at - 20, true) === END_64_LOCATOR) {
    const end64 = view(readExactly(path, file, Number(end.getBigUint64(at - 12, true)), 56));
    if (end64.getUint32(0, true) !== END_64) throw new Error(`${path}: a damaged zip64 end`);
    count = Number(end64.getBigUint64(32, true));
    length = Number(end64.getBigUint64(40, true));
    start = Number(end64.getBigUint64(48, true));
  }
  if (length > MAX_DIRECTORY || start + length > size) throw new Error(`${path}: its directory does not fit the file`);
  const directory = readExactly(path, file, start, length);
  const members = new Map<string, Member>();
  for (let offset = 0; members.size < count; ) {
    const entry = view(directory.subarray(offset));
    if (entry.getUint32(0, true) !== ENTRY) throw new Error(`${path}: a damaged directory`);
    const nameEnd = offset + 46 + entry.getUint16(28, true);
    const extraEnd = nameEnd + entry.getUint16(30, true);
    const name = new TextDecoder().decode(directory.subarray(offset + 46, nameEnd));
    if (entry.getUint16(10, true) !== 0) throw new Error(`${path}: ${name} is compressed`);
    if (members.has(name)) throw new Error(`${path}: ${name} is in it twice`);
    const member = placeOf(entry, directory.subarray(nameEnd, extraEnd));
    if (!member || member.header + 30 + member.size > size) throw new Error(`${path}: ${name} does not fit the file`);
    members.set(name, member);
    offset = extraEnd + entry.getUint16(32, true);
  }
  return members;
}

/**
 * Sizes and places past 4 GiB stand in an extra field, those that do not fit only, in this order.
 * @returns undefined when its two sizes differ
 */
function placeOf(entry: DataView, extra: Uint8Array): Member | undefined {
  let [compressed, size, header] = [entry.getUint32(20, true), entry.getUint32(24, true), entry.getUint32(42, true)];
  const fields = view(extra);
  for (let at = 0; at + 4 <= extra.length; at += 4 + fields.getUint16(at + 2, true)) {
    if (fields.getUint16(at, true) !== 1) continue;
    let next = at + 4;
    const wide = (value: number): number => {
      if (value !== IN_ZIP64) return value;
      next += 8;
      return Number(fields.getBigUint64(next - 8, true));
    };
    size = wide(size);
    compressed = wide(compressed);
    header = wide(header);
  }
  return compressed === size ? { header, size } : undefined;
}
