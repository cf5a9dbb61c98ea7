// `npm run models -- build <checkpoint>`: compiles a checkpoint into packs.
import { parseArgs } from "node:util";
import { buildModel } from "../buildModel.ts";
import { PACK_FLAGS, PACK_USAGE, packOptions } from "./packFlags.ts";

const USAGE = `npm run models -- build <checkpoint> --id <id> --calibrate <pictures>

  <checkpoint>   a folder of OpenCLIP (open_clip_config.json, tokenizer.json, weights) or of a Hugging Face CLIPModel (config.json, …)
${PACK_USAGE}
  --outputs tokens   the text tower also gives last_hidden_state (Stable Diffusion 1.x), penultimate_normed (2.x),
                 penultimate_hidden_state and text_embeds (XL); its texts then fill the context, as pads count
  --demo         a model for trying out: moderation warns of it, and a deployment refuses it as a moderator`;

export async function build(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { ...PACK_FLAGS, outputs: { type: "string" }, demo: { type: "boolean", default: false } },
  });
  const [checkpointDir] = positionals;
  if (values.help) return console.log(USAGE);
  if (!checkpointDir || positionals.length > 1) throw new Error(USAGE);
  if (values.outputs !== undefined && values.outputs !== "tokens")
    throw new Error(`--outputs knows "tokens"\n\n${USAGE}`);
  const pack = await packOptions(values, USAGE);
  await buildModel({ ...pack, checkpointDir, tokens: values.outputs === "tokens", demo: values.demo });
}
