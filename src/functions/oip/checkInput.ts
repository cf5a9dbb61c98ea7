// The border of a model Worker: one tensor of the tower's name, datatype and shape, within its bounds.
import type { Tensor } from "../../core/oip/tensor.ts";
import type { Manifest } from "../../core/pack/manifest.ts";
import { Problem } from "../../core/problem.ts";
import { MAX_PICTURES, MAX_TOKENS } from "./limits.ts";
import type { TowerName } from "./model.ts";

const refuse = (pointer: string, message: string): never => {
  throw new Problem("invalid_request", `${pointer} ${message}`, { errors: [{ pointer, message }] });
};

export function checkInput(inputs: Tensor[], tower: TowerName, manifest: Manifest): Tensor {
  const [input] = inputs;
  if (!input || inputs.length > 1) return refuse("/inputs", "must be one tensor");
  const name = tower === "vision" ? "pixels" : "input_ids";
  const datatype = tower === "vision" ? "UINT8" : "INT32";
  if (input.name !== name) refuse("/inputs/0/name", `must be ${name}`);
  if (input.datatype !== datatype) refuse("/inputs/0/datatype", `must be ${datatype}`);
  const [n = 0, ...rest] = input.shape;
  if (tower === "vision") {
    const { size } = manifest.image;
    if (rest.join() !== [size, size, 3].join()) refuse("/inputs/0/shape", `must be [N, ${size}, ${size}, 3]`);
    if (n < 1 || n > MAX_PICTURES) refuse("/inputs/0/shape/0", `must be 1 to ${MAX_PICTURES}`);
    return input;
  }
  const { context, vocab } = manifest.text;
  const [t = 0] = rest;
  if (rest.length !== 1 || t < 1 || t > context) refuse("/inputs/0/shape", `must be [N, T] with T of 1 to ${context}`);
  if (n < 1 || n * t > MAX_TOKENS)
    refuse("/inputs/0/shape/0", `must be at least 1, with N x T of at most ${MAX_TOKENS}`);
  if (input.data.some((token) => token < 0 || token >= vocab)) refuse("/inputs/0/data", `must be ids below ${vocab}`);
  return input;
}
