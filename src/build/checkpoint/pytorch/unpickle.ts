// Reads the pickle of a PyTorch checkpoint and builds tensors, numbers, texts, lists and dictionaries: nothing else.
// A pickle is a program; here it can name a few kinds of data, and anything else ends the reading.
// Opcodes: https://github.com/python/cpython/blob/main/Lib/pickletools.py
import { Callable, named, storageOf } from "./globals.ts";

const STOP = 0x2e;
const MARK = Symbol("mark");

/** Where the pickle is read, and what is made so far. */
class Machine {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  readonly #stack: unknown[] = [];
  readonly #memo = new Map<number, unknown>();
  readonly #operations = new Map<number, () => void>([
    [0x80 /* PROTO */, () => this.#uint8()],
    [0x28 /* MARK */, () => this.#stack.push(MARK)],
    [0x4e /* NONE */, () => this.#push(null)],
    [0x88 /* NEWTRUE */, () => this.#push(true)],
    [0x89 /* NEWFALSE */, () => this.#push(false)],
    [0x4b /* BININT1 */, () => this.#push(this.#uint8())],
    [0x4d /* BININT2 */, () => this.#push(this.#number(2, (at) => this.#view.getUint16(at, true)))],
    [0x4a /* BININT */, () => this.#push(this.#number(4, (at) => this.#view.getInt32(at, true)))],
    [0x8a /* LONG1 */, () => this.#push(this.#long(this.#uint8()))],
    [0x47 /* BINFLOAT */, () => this.#push(this.#number(8, (at) => this.#view.getFloat64(at, false)))],
    [0x58 /* BINUNICODE */, () => this.#push(new TextDecoder().decode(this.#take(this.#uint32())))],
    [0x8c /* SHORT_BINUNICODE */, () => this.#push(new TextDecoder().decode(this.#take(this.#uint8())))],
    [0x7d /* EMPTY_DICT */, () => this.#push(new Map())],
    [0x5d /* EMPTY_LIST */, () => this.#push([])],
    [0x29 /* EMPTY_TUPLE */, () => this.#push([])],
    [0x74 /* TUPLE */, () => this.#push(this.#sinceMark())],
    [0x85 /* TUPLE1 */, () => this.#push(Array.from({ length: 1 }, () => this.#pop()).reverse())],
    [0x86 /* TUPLE2 */, () => this.#push(Array.from({ length: 2 }, () => this.#pop()).reverse())],
    [0x87 /* TUPLE3 */, () => this.#push(Array.from({ length: 3 }, () => this.#pop()).reverse())],
    [0x61 /* APPEND */, () => this.#append([this.#pop()])],
    [0x65 /* APPENDS */, () => this.#append(this.#sinceMark())],
    [0x73 /* SETITEM */, () => this.#setItems([this.#pop(), this.#pop()].reverse())],
    [0x75 /* SETITEMS */, () => this.#setItems(this.#sinceMark())],
    [0x71 /* BINPUT */, () => this.#memo.set(this.#uint8(), this.#stack.at(-1))],
    [0x72 /* LONG_BINPUT */, () => this.#memo.set(this.#uint32(), this.#stack.at(-1))],
    [0x68 /* BINGET */, () => this.#push(this.#recall(this.#uint8()))],
    [0x6a /* LONG_BINGET */, () => this.#push(this.#recall(this.#uint32()))],
    [0x63 /* GLOBAL */, () => this.#push(named(`${this.#line()} ${this.#line()}`))],
    [0x51 /* BINPERSID */, () => this.#push(storageOf(this.#pop()))],
    [0x52 /* REDUCE */, () => this.#reduce()],
    [0x62 /* BUILD */, () => this.#build()],
  ]);

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): unknown {
    for (;;) {
      const opcode = this.#uint8();
      if (opcode === STOP) return this.#pop();
      const operation = this.#operations.get(opcode);
      if (!operation) throw new Error(`the opcode 0x${opcode.toString(16)} is not one that a state dictionary needs`);
      operation();
    }
  }

  #push(value: unknown): void {
    this.#stack.push(value);
  }

  #pop(): unknown {
    if (this.#stack.length === 0 || this.#stack.at(-1) === MARK) throw new Error("the stack is empty");
    return this.#stack.pop();
  }

  #sinceMark(): unknown[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw new Error("there is no mark on the stack");
    const values = this.#stack.splice(mark + 1);
    this.#stack.pop();
    return values;
  }

  #append(values: unknown[]): void {
    const list = this.#stack.at(-1);
    if (!Array.isArray(list)) throw new Error("it appends to no list");
    for (const value of values) list.push(value);
  }

  #setItems(values: unknown[]): void {
    const map = this.#stack.at(-1);
    if (!(map instanceof Map)) throw new Error("it sets items of no dictionary");
    for (let i = 0; i + 1 < values.length; i += 2) map.set(values[i], values[i + 1]);
  }

  #reduce(): void {
    const args = this.#pop();
    const callable = this.#pop();
    if (!(callable instanceof Callable) || !Array.isArray(args)) throw new Error("it calls what is no function");
    this.#push(callable.call(args));
  }

  /** Attributes of an OrderedDict (`_metadata`) say nothing of the weights. */
  #build(): void {
    this.#pop();
    if (!(this.#stack.at(-1) instanceof Map)) throw new Error("it sets attributes of what is no dictionary");
  }

  #recall(index: number): unknown {
    if (!this.#memo.has(index)) throw new Error(`there is no memo ${index}`);
    return this.#memo.get(index);
  }

  #take(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) throw new Error("it ends in the middle");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #number(length: number, read: (at: number) => number): number {
    this.#take(length);
    return read(this.#at - length);
  }

  #uint8(): number {
    return this.#number(1, (at) => this.#view.getUint8(at));
  }

  #uint32(): number {
    return this.#number(4, (at) => this.#view.getUint32(at, true));
  }

  /** Two's complement, little-endian. */
  #long(length: number): number {
    const bytes = this.#take(length);
    let value = 0n;
    for (const [index, byte] of bytes.entries()) value |= BigInt(byte) << BigInt(8 * index);
    return Number(BigInt.asIntN(8 * length, value));
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw new Error("it ends in the middle");
    const line = new TextDecoder().decode(this.#bytes.subarray(this.#at, end));
    this.#at = end + 1;
    return line;
  }
}

/** @throws Error naming what the pickle asks for */
export const unpickle = (bytes: Uint8Array): unknown => new Machine(bytes).run();
