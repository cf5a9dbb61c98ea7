// A golden checkpoint as the compiler takes it. Those in OpenCLIP's layout come without a tokenizer, which no tower needs.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Checkpoint, openCheckpoint } from "../../../src/build/checkpoint/checkpoint.ts";
import { OPEN_CLIP_WEIGHTS } from "../../../src/build/checkpoint/openClip.ts";
import { readOpenClipConfig } from "../../../src/build/checkpoint/openClipConfig.ts";
import { openClipNames } from "../../../src/build/checkpoint/openClipNames.ts";
import { renamed } from "../../../src/build/checkpoint/renamed.ts";
import { openWeights } from "../../../src/build/checkpoint/weights.ts";

export async function openGolden(dir: string): Promise<Checkpoint> {
  if (!existsSync(join(dir, "open_clip_config.json"))) return openCheckpoint(dir);
  const source = await openWeights(dir, OPEN_CLIP_WEIGHTS);
  return {
    ...(await readOpenClipConfig(join(dir, "open_clip_config.json"))),
    tensors: renamed(source, openClipNames(source.names)),
    tokenizer: { bytes: new Uint8Array(), json: null },
    special: { bos: 0, eos: 0, pad: 0 },
    clean: "open_clip",
  };
}
