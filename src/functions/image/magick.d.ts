// The type of ImageMagick's module as wrangler hands it over: compiled.
declare module "@imagemagick/magick-wasm/magick.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
