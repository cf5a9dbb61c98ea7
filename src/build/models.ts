// `npm run models -- <command>`: what there is to compile, and packs of it.
import { list } from "./models/list.ts";

type Command = (args: string[]) => Promise<void>;

/** The heavy ones are loaded when asked for: a list needs no compiler. */
const COMMANDS: Record<string, () => Promise<Command>> = {
  list: async () => list,
  pull: async () => (await import("./models/pull.ts")).pull,
  verify: async () => (await import("./models/verify.ts")).verify,
  export: async () => (await import("./models/export.ts")).exportPack,
  build: async () => (await import("./models/build.ts")).build,
  import: async () => (await import("./models/import.ts")).importExport,
};

const USAGE = `npm run models -- list                 the known models: size, licence, published accuracy, where they fit
npm run models -- pull <id>            downloads one of them and locks what it is
npm run models -- build <checkpoint>   compiles a checkpoint into packs
npm run models -- import <folder>      repacks an ONNX export (CLIP, SigLIP, MobileCLIP)
npm run models -- verify <id>          rechecks every hash of it, and runs its canary
npm run models -- export <id>          a Triton model repository of it

npm run models -- <command> --help     what a command takes`;

async function main([name, ...args]: string[]): Promise<void> {
  if (name === "--help") return console.log(USAGE);
  const load = Object.entries(COMMANDS).find(([known]) => known === name)?.[1];
  if (!load) throw new Error(name === undefined ? USAGE : `There is no command ${name}.\n\n${USAGE}`);
  await (await load())(args);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
