// Who competes with a label: everything in the background but itself and its kin.
import { expect, test } from "vitest";
import { competitionOf } from "../../../src/core/labels/competition.ts";

const background = {
  labels: [
    { name: "Dog", parents: ["animal"] },
    { name: "animal", parents: [] },
    { name: "poodle", parents: ["dog", "animal"] },
    { name: "chair", parents: ["furniture"] },
  ],
};

test("a label, its parents and its children are kin, whatever their case", () => {
  const labels = [
    { name: "dog", parents: ["animal"] },
    { name: "chair", parents: [] },
    { name: "unheard of", parents: [] },
  ];
  const competition = competitionOf({ labels, negatives: new Map([[1, Float32Array.of(1, 0)]]) }, background);
  expect(competition.map(({ kin }) => [...kin].sort())).toEqual([[0, 1, 2], [3], []]);
  expect(competition.map(({ negatives }) => negatives?.length)).toEqual([undefined, 2, undefined]);
});
