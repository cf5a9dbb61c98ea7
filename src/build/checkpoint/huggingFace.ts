// A folder of a Hugging Face CLIPModel: configuration, tensors, tokenizer.
import { join } from "node:path";
import type { Checkpoint } from "./checkpoint.ts";
import { readHuggingFaceConfig, refuseTextOnly } from "./huggingFaceConfig.ts";
import { huggingFaceNames } from "./huggingFaceNames.ts";
import { readPreprocessor } from "./huggingFacePreprocessor.ts";
import { readHuggingFaceTokenizer, readPadToken } from "./huggingFaceTokenizer.ts";
import { renamed } from "./renamed.ts";
import { specialTokens } from "./specialTokens.ts";
import { openWeights } from "./weights.ts";

/** @throws Error naming the file and field that is wrong */
export async function openHuggingFace(dir: string): Promise<Checkpoint> {
  await refuseTextOnly(join(dir, "config.json"));
  const tokenizer = await readHuggingFaceTokenizer(dir);
  const pad = await readPadToken(dir);
  const { eos } = specialTokens(tokenizer.json, Number.POSITIVE_INFINITY, pad);
  const model = await readHuggingFaceConfig(join(dir, "config.json"), eos);
  const special = specialTokens(tokenizer.json, model.text.vocab, pad);
  const preprocess = await readPreprocessor(join(dir, "preprocessor_config.json"), model.vision.size);
  const source = await openWeights(dir, { safetensors: ["model.safetensors"], pickled: ["pytorch_model.bin"] });
  return {
    model,
    preprocess,
    tensors: renamed(source, huggingFaceNames(source.names)),
    tokenizer,
    special,
    clean: "hugging_face",
  };
}
