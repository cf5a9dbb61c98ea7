// The border of a model: one tensor of the tower's name, datatype and shape, within the bounds of who serves it.
import type { Manifest, TowerName } from "../pack/manifest.ts";
import { Problem } from "../problem.ts";
import type { Tensor } from "./tensor.ts";

/** The most that one request may ask. */
export interface Bounds {
  pictures: number;
  /** N x T. */
  tokens: number;
}

const refuse = (pointer: string, message: string): never => {
  throw new Problem("invalid_request", `${pointer} ${message}`, { errors: [{ pointer, message }] });
};

/** @throws Problem `invalid_request` */
export function checkInput(inputs: Tensor[], tower: TowerName, manifest: Manifest, bounds: Bounds): Tensor {
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
    if (n < 1 || n > bounds.pictures) refuse("/inputs/0/shape/0", `must be 1 to ${bounds.pictures}`);
    return input;
  }
  const { context, vocab, padded } = manifest.text;
  const [t = 0] = rest;
  if (rest.length !== 1 || t < 1 || t > context) refuse("/inputs/0/shape", `must be [N, T] with T of 1 to ${context}`);
  if (padded && t !== context)
    refuse("/inputs/0/shape/1", `must be ${context}, since pads reach the vectors of this model`);
  if (n < 1 || n * t > bounds.tokens)
    refuse("/inputs/0/shape/0", `must be at least 1, with N x T of at most ${bounds.tokens}`);
  if (input.data.some((token) => token < 0 || token >= vocab)) refuse("/inputs/0/data", `must be ids below ${vocab}`);
  return input;
}
