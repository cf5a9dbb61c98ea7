// The flags that say which pack is made, where it goes and what it is measured on, which `build` and `import` share.
import { isInteger } from "../../core/pack/manifest.ts";
import type { BuildOptions } from "../buildModel.ts";
import { readLabelNames } from "../labels/readLabelNames.ts";
import { isPackId } from "./packId.ts";

export const PACK_FLAGS = {
  id: { type: "string" },
  calibrate: { type: "string" },
  quant: { type: "string", default: "int8" },
  out: { type: "string" },
  "out-fp32": { type: "string" },
  labels: { type: "string", default: "models/labels" },
  repo: { type: "string", default: "local" },
  revision: { type: "string", default: "unknown" },
  licence: { type: "string", default: "unknown" },
  "allow-drift": { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

export const PACK_USAGE = `  --id           the name of the pack: lower case, digits, ".", "_", "-"
  --quant        int8 (the edge), int4 (half of it; convolutions but 1 x 1 stay in fp32), fp16 (GPUs) or fp32; int8 without it
  --calibrate    a folder of pictures (a few hundred) that the drift is measured on, and where a layer needs them ranges of
                 activations; int8 and int4 need it
  --out          where the pack goes (models/<id>)
  --out-fp32     where the fp32 pack goes that the drift is measured against (.edgeclip/fp32/<id>)
  --labels       label files whose names measure the drift of the text tower (models/labels)
  --repo, --revision, --licence   what pack.json says of the source
  --allow-drift  keep a pack whose drift is past the budget`;

const QUANTIZATIONS = ["int8", "int4", "fp16", "fp32"] as const;

type Values = { [F in "quant" | "labels" | "repo" | "revision" | "licence"]: string } & {
  [F in "id" | "calibrate" | "out" | "out-fp32"]?: string | undefined;
} & { "allow-drift": boolean };

type PackOptions = Pick<
  BuildOptions,
  "id" | "quantization" | "outDir" | "fp32Dir" | "calibrationDir" | "source" | "allowDrift" | "texts" | "log"
>;

/**
 * @param usage of the command, told with a mistake
 * @throws Error naming the flag
 */
export async function packOptions(values: Values, usage: string): Promise<PackOptions> {
  const { id, calibrate, quant, out, labels, repo, revision, licence } = values;
  if (!id || !isPackId(id)) throw new Error(`--id is missing or no name\n\n${usage}`);
  const quantization = QUANTIZATIONS.find((each) => each === quant);
  if (!quantization) throw new Error(`--quant knows ${QUANTIZATIONS.join(", ")}\n\n${usage}`);
  if (!calibrate && isInteger(quantization)) throw new Error(`--calibrate is missing\n\n${usage}`);
  return {
    ...{ id, quantization },
    outDir: out ?? `models/${id}`,
    fp32Dir: values["out-fp32"] ?? `.edgeclip/fp32/${id}`,
    calibrationDir: calibrate,
    source: { repo, revision, licence },
    allowDrift: values["allow-drift"],
    texts: (await readLabelNames(labels)).map((name) => `a photo of a ${name}.`),
    log: console.log,
  };
}
