// What the bundler makes of files that are not TypeScript.
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
declare module "*.bin" {
  const bytes: ArrayBuffer;
  export default bytes;
}
// Node has it, workerd does not; the types at hand are workerd's.
declare namespace WebAssembly {
  function compile(bytes: BufferSource): Promise<WebAssembly.Module>;
}
