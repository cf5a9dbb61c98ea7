// ImageMagick in WebAssembly with a bounded heap: growth past the cap fails, and a failed decode leaves a clean heap behind.
import { initializeImageMagick, ResourceLimits } from "@imagemagick/magick-wasm";

/** Emscripten's names in the pinned build of magick-wasm 0.0.43; `open` refuses a build where they are something else. */
const STACK_RESTORE = "Ao";
const STACK_SAVE = "Bo";

const PAGE = 4096;
const WASM_PAGE = 65536;

/** The library is ready and no picture was read yet: the pages of its heap that hold anything, and its stack pointer. */
interface CleanState {
  pages: { at: number; bytes: Uint8Array }[];
  stackPointer: number;
}

/** A decode ended because the heap may not grow any further. */
export class HeapExhausted extends Error {
  override name = "HeapExhausted";
}

/** The decoder's own message for what it could not read. */
export class DecodeFailed extends Error {
  override name = "DecodeFailed";
}

/** @param run calls the library's initialiser, which instantiates the module before its first `await` */
function captureInstance(
  run: () => Promise<void>,
  onFatal: (message: string) => void,
): [Promise<void>, WebAssembly.Exports] {
  const { Instance } = WebAssembly;
  const { error } = console;
  let captured: WebAssembly.Exports | undefined;
  try {
    // The library keeps its instance and its printer to itself: both are taken at the moment it asks for them.
    WebAssembly.Instance = new Proxy(Instance, {
      construct(target, args: [WebAssembly.Module, WebAssembly.Imports?]) {
        const instance = new target(...args);
        captured = instance.exports;
        return instance;
      },
    });
    console.error = (...words: unknown[]) => onFatal(words.join(" "));
    const ready = run();
    if (!captured) throw new Error("ImageMagick did not instantiate its module synchronously.");
    return [ready, captured];
  } finally {
    WebAssembly.Instance = Instance;
    console.error = error;
  }
}

const exported = (exports: WebAssembly.Exports, name: string): ((value?: number) => unknown) => {
  const found: unknown = exports[name];
  if (typeof found !== "function")
    throw new Error(`ImageMagick's module does not export ${name}: another build than 0.0.43?`);
  return (value) => found(value);
};

/** One ImageMagick for the life of the isolate. Calls are synchronous, so no two decodes are ever in the heap together. */
export class Magick {
  readonly #memory: WebAssembly.Memory;
  readonly #stackRestore: (value: number) => unknown;
  readonly #clean: CleanState;
  #refused = false;
  #used = false;

  private constructor(memory: WebAssembly.Memory, exports: WebAssembly.Exports, heapCap: number) {
    this.#memory = memory;
    this.#stackRestore = exported(exports, STACK_RESTORE);
    const stackPointer = exported(exports, STACK_SAVE)();
    if (typeof stackPointer !== "number") throw new Error("ImageMagick's stack pointer is no number.");
    this.#clean = { pages: [...filledPages(memory)], stackPointer };
    const grow = memory.grow.bind(memory);
    memory.grow = (delta) => {
      if (memory.buffer.byteLength + delta * WASM_PAGE > heapCap) {
        this.#refused = true;
        throw new RangeError(`The heap may not grow past ${heapCap} bytes.`);
      }
      return grow(delta);
    };
  }

  /**
   * @param wasm `@imagemagick/magick-wasm/magick.wasm`, compiled: a static import in workerd, `new WebAssembly.Module` in Node
   * @param heapCap bytes that the heap may reach
   */
  static async open(wasm: WebAssembly.Module, heapCap: number): Promise<Magick> {
    // What the library prints is fatal: it would go on to allocate for its message, fail again, and recurse until the stack ends.
    const [ready, exports] = captureInstance(
      () => initializeImageMagick(wasm),
      (message) => {
        throw new HeapExhausted(message);
      },
    );
    await ready;
    const memory = Object.values(exports).find((value) => value instanceof WebAssembly.Memory);
    if (!memory) throw new Error("ImageMagick's module exports no memory.");
    // Without it a pixel cache that finds no memory goes to a file, and that file is JavaScript memory.
    ResourceLimits.disk = 0n;
    return new Magick(memory, exports, heapCap);
  }

  /** Bytes of the WASM heap. It never shrinks. */
  get heapBytes(): number {
    return this.#memory.buffer.byteLength;
  }

  /**
   * @param use reads a picture with the library; it may run twice, since a heap that earlier pictures fragmented is cleaned first
   * @throws HeapExhausted, DecodeFailed
   */
  run<T>(use: () => T): T {
    const usedBefore = this.#used;
    this.#used = true;
    this.#refused = false;
    try {
      return use();
    } catch (error) {
      // What unwound through WebAssembly freed nothing and left the stack pointer where it was.
      this.#reset();
      if (!this.#refused && !(error instanceof HeapExhausted)) {
        throw new DecodeFailed(error instanceof Error ? error.message : String(error), { cause: error });
      }
      if (usedBefore) return this.run(use);
      throw new HeapExhausted("The picture needs more memory than a decode may use.", { cause: error });
    }
  }

  #reset(): void {
    const heap = new Uint8Array(this.#memory.buffer);
    heap.fill(0);
    for (const { at, bytes } of this.#clean.pages) heap.set(bytes, at);
    this.#stackRestore(this.#clean.stackPointer);
    this.#used = false;
  }
}

function* filledPages(memory: WebAssembly.Memory): Generator<{ at: number; bytes: Uint8Array }> {
  const heap = new Uint8Array(memory.buffer);
  for (let at = 0; at < heap.length; at += PAGE) {
    const page = heap.subarray(at, at + PAGE);
    if (page.some((byte) => byte !== 0)) yield { at, bytes: page.slice() };
  }
}
