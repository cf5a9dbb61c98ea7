// What is measured: both towers of a pack, here or on a server that speaks the Open Inference Protocol.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Backend, infer, readModel } from "../../core/oip/client.ts";
import type { Tensor } from "../../core/oip/tensor.ts";
import type { Manifest, TowerName } from "../../core/pack/manifest.ts";
import { createTokenizer, type Tokenize } from "../../core/text/tokenizer.ts";
import type { TextTower } from "../labels/embedPrompts.ts";
import { openTower } from "../ort.ts";
import { readPack } from "../readPack.ts";

export interface Engine {
  /** For tables: what and where. */
  name: string;
  manifest: Manifest;
  tokenize: Tokenize;
  text: TextTower;
  /** Pictures worth sending together. */
  batch: number;
  /**
   * @param pixels uint8 [N, S, S, 3]
   * @returns unit vectors fp32 [N * D]
   */
  encode(pixels: Uint8Array<ArrayBuffer>, n: number): Promise<Float32Array>;
  release(): Promise<void>;
}

async function readTokenizer(packDir: string, manifest: Manifest): Promise<Tokenize> {
  return createTokenizer(JSON.parse(await readFile(join(packDir, manifest.text.tokenizer), "utf8")), manifest.text);
}

/** On onnxruntime-web, as at the edge; one thread, so a batch wins nothing. */
export async function openEngine(packDir: string): Promise<Engine> {
  const manifest = await readPack(packDir);
  const { size } = manifest.image;
  const tokenize = await readTokenizer(packDir, manifest);
  const vision = await openTower(packDir, "vision");
  const text = await openTower(packDir, "text");
  return {
    name: `${manifest.id} ${manifest.quantization}`,
    manifest,
    tokenize,
    text,
    batch: 1,
    encode: (pixels, n) => vision.run(pixels, [n, size, size, 3]),
    async release() {
      await Promise.all([vision.release(), text.release()]);
    },
  };
}

interface RemoteOptions extends Backend {
  /** Its manifest and tokenizer say what the server is asked and gives. */
  packDir: string;
  /** The towers' names there. */
  models: Record<TowerName, string>;
  batch: number;
}

/** @throws Problem `backend_unavailable`; Error when the server has another model than the pack */
export async function openRemote({ packDir, models, batch, ...backend }: RemoteOptions): Promise<Engine> {
  const manifest = await readPack(packDir);
  const { size } = manifest.image;
  for (const name of Object.values(models)) {
    const { parameters } = await readModel(fetch, backend, name);
    if (parameters.space !== undefined && parameters.space !== manifest.space)
      throw new Error(
        `${backend.url} serves ${name} of the space ${parameters.space}, ${packDir} is of ${manifest.space}`,
      );
  }
  const ask = async (model: string, input: Tensor): Promise<Float32Array> => {
    const { outputs } = await infer(fetch, backend, model, [input]);
    const embedding = outputs.find(({ name }) => name === "embedding");
    const wanted = (input.shape[0] ?? 0) * manifest.embed_dim;
    if (!(embedding?.data instanceof Float32Array) || embedding.data.length !== wanted)
      throw new Error(`${backend.url}: ${model} gave no embedding of ${wanted} numbers`);
    return embedding.data;
  };
  return {
    name: `${manifest.id} at ${new URL(backend.url).host}`,
    manifest,
    tokenize: await readTokenizer(packDir, manifest),
    text: {
      run: (data, shape) => ask(models.text, { name: "input_ids", datatype: "INT32", shape: [...shape], data }),
    },
    batch,
    encode: (data, n) => ask(models.vision, { name: "pixels", datatype: "UINT8", shape: [n, size, size, 3], data }),
    release: async () => undefined,
  };
}
