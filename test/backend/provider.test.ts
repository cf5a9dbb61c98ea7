// Which execution provider a pack gets, and what is said about it.
import { expect, test } from "vitest";
import { planProviders } from "../../src/backend/provider.ts";

const int8 = { id: "a", quantization: "int8" } as const;
const fp32 = { id: "b", quantization: "fp32" } as const;

test("auto takes the GPU for a pack that it can run", () => {
  expect(planProviders("auto", fp32, true)).toEqual({ tries: ["cuda", "cpu"], notes: [] });
});

test("auto stays on the CPU without a GPU, and with an int8 pack, and says so", () => {
  expect(planProviders("auto", fp32, false)).toEqual({ tries: ["cpu"], notes: ["no NVIDIA GPU here"] });
  const { tries, notes } = planProviders("auto", int8, true);
  expect(tries).toEqual(["cpu"]);
  expect(notes[0]).toContain("a is int8");
});

test("int8 is refused on a GPU, not run half on the CPU", () => {
  for (const provider of ["cuda", "tensorrt"] as const)
    expect(() => planProviders(provider, int8, true)).toThrow(/a is int8.*fp16 or fp32/);
});

test("what is named is taken, without a way round", () => {
  expect(planProviders("cuda", fp32, false).tries).toEqual(["cuda"]);
  expect(planProviders("cpu", int8, true).tries).toEqual(["cpu"]);
});
