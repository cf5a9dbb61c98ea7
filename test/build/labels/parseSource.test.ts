// The label files: what is taken, and what is refused with its place.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseSource } from "../../../src/build/labels/parseSource.ts";

const head = 'title: T\ntemplates: ["a {}."]\n';
const parse = (yaml: string) => parseSource("x.yaml", yaml);

test("names and mappings mix", () => {
  const { labels, articles, description } = parse(
    `${head}labels:\n  - " cat "\n  - {name: dog, parents: [animal], prompts: [a good dog], threshold: 0.4}\n`,
  );
  expect(labels).toEqual([
    { name: "cat", parents: [] },
    { name: "dog", parents: ["animal"], prompts: ["a good dog"], threshold: 0.4 },
  ]);
  expect([articles, description]).toEqual([false, ""]);
});

test.each([
  ["no labels", `${head}labels: []`, /x\.yaml: labels: /],
  ["no title", 'templates: ["{}"]\nlabels: [a]', /x\.yaml: title: /],
  ["a template without a place", "title: T\ntemplates: [a photo]\nlabels: [a]", /templates\.0: .*exactly once/],
  ["a template with two", 'title: T\ntemplates: ["{} {}"]\nlabels: [a]', /templates\.0: .*exactly once/],
  ["an empty name", `${head}labels: [a, "  "]`, /labels\.1: /],
  ["a number for a name", `${head}labels: [a, 7]`, /labels\.1: must be a name/],
  ["a repeat", `${head}labels: [hot dog, Hot  Dog]`, /labels\.1: "Hot {2}Dog" repeats labels\.0/],
  ["an unknown key", `${head}labels: [{name: a, promts: [b]}]`, /labels\.0: promts/],
  ["empty prompts", `${head}labels: [{name: a, prompts: []}]`, /labels\.0\.prompts: /],
  ["a threshold past 1", `${head}labels: [{name: a, threshold: 2}]`, /labels\.0\.threshold: /],
  ["its own parent", `${head}labels: [{name: a, parents: [a]}]`, /labels\.0\.parents: "a" is its own parent/],
  ["both prompts and templates", `${head}labels: [{name: a, prompts: [b], templates: ["{}"]}]`, /labels\.0: has both/],
  ["a repeated key", `${head}title: U\nlabels: [a]`, /x\.yaml: Map keys must be unique/],
  ["broken YAML", "title: [", /x\.yaml: /],
  ["an empty file", "", /x\.yaml: document: /],
  ["an alias", `title: &t T\ntemplates: ["{}"]\nlabels: [a, *t]`, /x\.yaml: .*alias/i],
  [
    "an alias bomb",
    `a: &a [l,l,l,l,l,l,l,l,l]\nb: &b [*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b]\nlabels: [*c,*c,*c,*c]`,
    /x\.yaml: .*alias/i,
  ],
])("%s is refused", (_, yaml, message) => {
  expect(() => parse(yaml)).toThrow(message);
});

const folder = join(import.meta.dirname, "../../../models/labels");
test.each(readdirSync(folder).filter((name) => name.endsWith(".yaml")))("models/labels/%s is in order", (name) => {
  expect(parseSource(name, readFileSync(join(folder, name), "utf8")).labels.length).toBeGreaterThan(20);
});
