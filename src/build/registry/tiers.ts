// Where a tower fits, by rules of size: an edge isolate in int8 or in 4 bits, or a GPU.

/** Peak of an isolate: WASM heap and the JS copies of the shards while a session is created. */
const EDGE_BUDGET_BYTES = 110e6;
/**
 * The heap of ONNX Runtime in workerd beyond its weights, with external data: 19 MiB for a ViT of 41 MB, 14 for one of
 * 90 MB and 14 for 9 MB; the largest of these.
 */
const HEAP_BYTES = 19 * 2 ** 20;
/** Bytes a parameter. int8 as measured on ViT-40M/32 and B/32, biases and norms in float included; int4 by its format: 4 bits and an fp32 scale for 32 of them. */
const BYTES = { int8: 1.03, int4: 0.63, fp16: 2 } as const;

export type Tier = "int8" | "int4" | "gpu";

/** Millions in CLIP's embedding table at width 512, that of every text tower near the limit; int4 keeps it in int8. */
export const TABLE = 25.3;

/** @param params millions. @param table how many of them are an embedding table's */
export function tierOf(params: number, table = 0): Tier {
  const fits = (bytes: number) => HEAP_BYTES + 2 * bytes <= EDGE_BUDGET_BYTES;
  if (fits(params * 1e6 * BYTES.int8)) return "int8";
  return fits((Math.max(0, params - table) * BYTES.int4 + table * BYTES.int8) * 1e6) ? "int4" : "gpu";
}

/** @returns GB of both towers' weights in fp16, as a GPU holds them */
export const gpuGigabytes = (params: { vision: number; text: number }): number =>
  ((params.vision + params.text) * BYTES.fp16) / 1e3;
