// Which ONNX Runtime execution providers to try for a pack, and why the others are left out.
import { existsSync } from "node:fs";
import { isInteger, type Manifest } from "../core/pack/manifest.ts";

export const PROVIDERS = ["cpu", "cuda", "tensorrt"] as const;
export type Provider = (typeof PROVIDERS)[number];
export type AskedProvider = Provider | "auto";

const NO_INT8 = "its integer operators have no CUDA kernels and would fall back to the CPU one by one";

/** Whether the NVIDIA driver shows a device here. */
export const hasGpu = (): boolean => ["/dev/nvidia0", "/dev/dxg"].some((path) => existsSync(path));

export interface Plan {
  /** In order; the first that opens is taken. */
  tries: Provider[];
  /** What to say at start. */
  notes: string[];
}

/** @throws Error when an int8 pack is asked for on a GPU */
export function planProviders(
  asked: AskedProvider,
  { id, quantization }: Pick<Manifest, "id" | "quantization">,
  gpu: boolean,
): Plan {
  if (asked === "cpu") return { tries: ["cpu"], notes: [] };
  if (asked !== "auto") {
    if (isInteger(quantization))
      throw new Error(
        `The pack ${id} is ${quantization}, which ${asked} cannot run: ${NO_INT8}. Name an fp16 or fp32 pack.`,
      );
    // TensorRT leaves the operators that it does not know to CUDA.
    return { tries: [asked], notes: [] };
  }
  if (!gpu) return { tries: ["cpu"], notes: ["no NVIDIA GPU here"] };
  if (isInteger(quantization))
    return { tries: ["cpu"], notes: [`a GPU is left idle, since ${id} is ${quantization}: ${NO_INT8}`] };
  return { tries: ["cuda", "cpu"], notes: [] };
}
