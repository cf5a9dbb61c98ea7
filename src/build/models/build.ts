// `npm run models -- build <checkpoint>`: compiles a checkpoint into packs.
import { parseArgs } from "node:util";
import { isInteger } from "../../core/pack/manifest.ts";
import { buildModel } from "../buildModel.ts";
import { readLabelNames } from "../labels/readLabelNames.ts";
import { isPackId } from "./packId.ts";

const USAGE = `npm run models -- build <checkpoint> --id <id> --calibrate <pictures>

  <checkpoint>   a folder of OpenCLIP (open_clip_config.json, tokenizer.json, weights) or of a Hugging Face CLIPModel (config.json, …)
  --id           the name of the pack: lower case, digits, ".", "_", "-"
  --quant        int8 (the edge), int4 (half of it, for transformers), fp16 (GPUs) or fp32; int8 without it
  --calibrate    a folder of pictures (a few hundred) that activation ranges and the drift are measured on; int8 and int4 need it
  --out          where the pack goes (models/<id>)
  --out-fp32     where the fp32 pack goes that the drift is measured against (.edgeclip/fp32/<id>)
  --labels       label files whose names measure the drift of the text tower (models/labels)
  --repo, --revision, --licence   what pack.json says of the source
  --outputs tokens   the text tower also gives last_hidden_state (Stable Diffusion 1.x), penultimate_normed (2.x),
                 penultimate_hidden_state and text_embeds (XL); its texts then fill the context, as pads count
  --demo         a model for trying out: moderation warns of it, and a deployment refuses it as a moderator
  --allow-drift  keep a pack whose drift is past the budget`;

const QUANTIZATIONS = ["int8", "int4", "fp16", "fp32"] as const;

export async function build(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      id: { type: "string" },
      calibrate: { type: "string" },
      quant: { type: "string", default: "int8" },
      out: { type: "string" },
      "out-fp32": { type: "string" },
      labels: { type: "string", default: "models/labels" },
      repo: { type: "string", default: "local" },
      revision: { type: "string", default: "unknown" },
      licence: { type: "string", default: "unknown" },
      outputs: { type: "string" },
      demo: { type: "boolean", default: false },
      "allow-drift": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const [checkpointDir] = positionals;
  if (values.help) return console.log(USAGE);
  if (!checkpointDir || positionals.length > 1) throw new Error(USAGE);
  if (!values.id || !isPackId(values.id)) throw new Error(`--id is missing or no name\n\n${USAGE}`);
  if (values.outputs !== undefined && values.outputs !== "tokens")
    throw new Error(`--outputs knows "tokens"\n\n${USAGE}`);
  const quantization = QUANTIZATIONS.find((each) => each === values.quant);
  if (!quantization) throw new Error(`--quant knows ${QUANTIZATIONS.join(", ")}\n\n${USAGE}`);
  if (!values.calibrate && isInteger(quantization)) throw new Error(`--calibrate is missing\n\n${USAGE}`);
  await buildModel({
    checkpointDir,
    id: values.id,
    quantization,
    outDir: values.out ?? `models/${values.id}`,
    fp32Dir: values["out-fp32"] ?? `.edgeclip/fp32/${values.id}`,
    calibrationDir: values.calibrate,
    source: { repo: values.repo, revision: values.revision, licence: values.licence },
    tokens: values.outputs === "tokens",
    demo: values.demo,
    allowDrift: values["allow-drift"],
    texts: (await readLabelNames(values.labels)).map((name) => `a photo of a ${name}.`),
    log: console.log,
  });
}
