// `npm run models -- export <id> --to triton`: a pack for NVIDIA Triton or KServe.
import { parseArgs } from "node:util";
import { readPack } from "../readPack.ts";
import { exportTriton } from "../triton/exportTriton.ts";
import { gpuPackDirs, packDirs } from "./packDir.ts";

const USAGE = `npm run models -- export <id> --to triton

  <id>          a pack in .edgeclip/fp16 or .edgeclip/fp32 (for --device cpu: in models first), or a folder with one
  --out         the model repository (.edgeclip/triton)
  --device      gpu or cpu (gpu); int8 packs are for the cpu
  --prefix      in front of the names "vision" and "text", for a repository of several models
  --max-batch   pictures or texts of one run (32)
  --delay       microseconds that a request waits for others (2000)
  --instances   copies of the model on each device (1)
  --force       replaces what is there`;

/** @throws Error naming the option */
function count(name: string, text: string, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most) throw new Error(`--${name} is 1 to ${most}, not ${text}`);
  return value;
}

export async function exportPack(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      to: { type: "string" },
      out: { type: "string", default: ".edgeclip/triton" },
      device: { type: "string", default: "gpu" },
      prefix: { type: "string", default: "" },
      "max-batch": { type: "string", default: "32" },
      delay: { type: "string", default: "2000" },
      instances: { type: "string", default: "1" },
      force: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const [id] = positionals;
  if (id === undefined || positionals.length > 1) throw new Error(USAGE);
  const { device, prefix } = values;
  if (values.to !== "triton") throw new Error(`--to is triton, not ${values.to}\n\n${USAGE}`);
  if (device !== "gpu" && device !== "cpu") throw new Error(`--device is gpu or cpu, not ${device}`);
  if (!/^[\w-]*$/.test(prefix)) throw new Error(`--prefix is letters, digits, "_" and "-", not ${prefix}`);
  const [packDir] = device === "gpu" ? gpuPackDirs(id) : packDirs(id);
  if (packDir === undefined)
    throw new Error(
      `There is no pack ${id} for ${device === "gpu" ? "a GPU" : "the CPU"} here; \`models build\` makes both.`,
    );
  const manifest = await readPack(packDir);
  const names = await exportTriton({
    packDir,
    manifest,
    outDir: values.out,
    prefix,
    force: values.force,
    device,
    maxBatch: count("max-batch", values["max-batch"], 1024),
    delayMicroseconds: count("delay", values.delay, 1e6),
    instances: count("instances", values.instances, 64),
    log: console.log,
  });
  console.log(
    `${manifest.id} (${manifest.quantization}) for Triton on ${device}, as ${names.join(" and ")}. Serve it:`,
  );
  console.log(`  tritonserver --model-repository=${values.out}`);
}
