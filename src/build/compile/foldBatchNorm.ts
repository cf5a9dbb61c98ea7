// Batch norm at inference is a scale and a shift per channel: folded into the convolution before it.
import type { Tensors } from "./tensors.ts";

/** PyTorch's default. */
const EPSILON = 1e-5;

/**
 * @param weight [outputs, ...] of a convolution without bias; scaled in place
 * @param name of the batch norm
 */
export function foldBatchNorm(tensors: Tensors, name: string, weight: Float32Array<ArrayBuffer>, outputs: number) {
  const [gamma, beta, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map((part) =>
    tensors.read(`${name}.${part}`, [outputs]),
  );
  const each = weight.length / outputs;
  const bias = new Float32Array(outputs);
  for (let o = 0; o < outputs; o++) {
    const scale = (gamma?.[o] ?? 1) / Math.sqrt((variance?.[o] ?? 1) + EPSILON);
    bias[o] = (beta?.[o] ?? 0) - (mean?.[o] ?? 0) * scale;
    for (let i = o * each; i < (o + 1) * each; i++) weight[i] = (weight[i] ?? 0) * scale;
  }
  return { weight, bias };
}
