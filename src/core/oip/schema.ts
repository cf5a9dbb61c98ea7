// The JSON part of Open Inference Protocol v2 messages, for requests and responses alike.
import * as v from "valibot";

const size = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 31 - 1));

const TensorSchema = v.object({
  name: v.pipe(v.string(), v.minLength(1)),
  shape: v.pipe(v.array(size), v.minLength(1), v.maxLength(8)),
  datatype: v.string(),
  parameters: v.optional(v.looseObject({ binary_data_size: v.optional(size) })),
  data: v.optional(v.array(v.unknown())),
});

export const InferRequestSchema = v.object({
  id: v.optional(v.string()),
  parameters: v.optional(v.looseObject({ binary_data_output: v.optional(v.boolean()) })),
  inputs: v.pipe(v.array(TensorSchema), v.minLength(1), v.maxLength(16)),
  outputs: v.optional(
    v.array(
      v.object({ name: v.string(), parameters: v.optional(v.looseObject({ binary_data: v.optional(v.boolean()) })) }),
    ),
  ),
});

export const InferResponseSchema = v.object({
  id: v.optional(v.string()),
  model_name: v.string(),
  model_version: v.optional(v.string()),
  outputs: v.array(TensorSchema),
});

export type TensorHeader = v.InferOutput<typeof TensorSchema>;
export type InferRequestHeader = v.InferOutput<typeof InferRequestSchema>;
