// What is said of an AVIF before it is decoded, box by box (ISO 14496-12).
import { expect, test } from "vitest";
import { readHeader } from "../../../src/core/image/header.ts";

const word = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
const letters = (text: string): number[] => [...text].map((letter) => letter.charCodeAt(0));
const box = (name: string, ...content: number[][]): number[] => {
  const body = content.flat();
  return [...word(8 + body.length), ...letters(name), ...body];
};
const FULL = [0, 0, 0, 0];
const ispe = (width: number, height: number): number[] => box("ispe", FULL, word(width), word(height));
const meta = box("meta", FULL, box("iprp", box("ipco", ispe(16, 16), ispe(40, 30))));

const avif = (brands: readonly string[], ...after: number[][]): Uint8Array => {
  const [major = "", ...compatible] = brands;
  const ftyp = box("ftyp", letters(major), FULL, ...compatible.map(letters));
  return new Uint8Array([...ftyp, ...meta, ...after.flat()]);
};

const STILL = ["avif", "mif1", "miaf", "MA1B"];

test("the largest of its pictures is its size", () => {
  expect(readHeader("avif", avif(STILL))).toMatchObject({ width: 40, height: 30, animated: false });
});

test.each<[string, Uint8Array]>([
  ["the brand of sequences", avif(["avis", "avif", "msf1", "mif1"])],
  ["it among the compatible brands", avif(["avif", "mif1", "avis"])],
  ["a movie, whatever the brands", avif(STILL, box("free", FULL), box("moov", box("mvhd", FULL)))],
])("it moves: %s", (_name, bytes) => {
  expect(readHeader("avif", bytes).animated).toBe(true);
});

test("a movie's name inside another box makes none", () => {
  expect(readHeader("avif", avif(STILL, box("mdat", box("moov", FULL)))).animated).toBe(false);
});
