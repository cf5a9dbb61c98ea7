// A table read by slices has the bytes that it has read whole, in any format; slices, and parts of it in shards, are bounded.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { fp16 } from "../../../src/build/compile/fp16.ts";
import { fp32 } from "../../../src/build/compile/fp32.ts";
import type { Precision } from "../../../src/build/compile/precision.ts";
import { SLICE, type Table, tableOf } from "../../../src/build/compile/table.ts";
import { Graph } from "../../../src/build/onnx/graph.ts";
import { ShardWriter } from "../../../src/build/onnx/shards.ts";
import { openGraph } from "../../../src/build/ort.ts";
import { int8 } from "../../../src/build/quantize/int8.ts";
import { quantizeRows } from "../../../src/build/quantize/rows.ts";

const dir = mkdtempSync(join(tmpdir(), "edgeclip-table-"));
afterAll(() => rmSync(dir, { recursive: true }));

const [ROWS, WIDTH] = [5000, 520];
const values = Float32Array.from({ length: ROWS * WIDTH }, (_, i) => Math.sin(i * 12.9898) * (1 + (i % 7)));

/** @returns the graph, and its shards one behind another */
function written(precision: Precision, table: Table, limit = Number.POSITIVE_INFINITY) {
  const shards = new ShardWriter(dir, "text", limit);
  const graph = new Graph("text", shards);
  const ids = graph.input("input_ids", "INT32", ["N", "T"]);
  graph.output("embedding", precision.embedding(graph, ids, "table", table), ["N", "T", table.width]);
  shards.close();
  return { graph: graph.finish(), bytes: Buffer.concat(shards.names.map((name) => readFileSync(join(dir, name)))) };
}
const bytesOf = ({ buffer }: Float32Array | Float16Array | Uint8Array) => Buffer.from(buffer);

test.each([
  ["fp32", fp32(), [values]],
  ["fp16", fp16(), [new Float16Array(values)]],
  ["int8", int8({ pictures: 0, ranges: {} }), [quantizeRows(values, ROWS).values, quantizeRows(values, ROWS).scales]],
] as const)("%s by slices is what it is whole", (_name, precision, whole) => {
  const asked: number[] = [];
  const sliced: Table = {
    ...{ rows: ROWS, width: WIDTH },
    read: (from, to) => {
      asked.push(to - from);
      return values.slice(from * WIDTH, to * WIDTH);
    },
  };
  const { bytes } = written(precision, sliced);
  expect(bytes.equals(Buffer.concat(whole.map(bytesOf)))).toBe(true);
  expect(asked.length).toBe(Math.ceil(ROWS / Math.floor(SLICE / WIDTH)));
  expect(asked.reduce((sum, rows) => sum + rows)).toBe(ROWS);
  expect(Math.max(...asked) * WIDTH).toBeLessThanOrEqual(SLICE);
});

test("a row wider than a slice is read by itself", () => {
  const wide = new Float32Array(2 * (SLICE + 1)).fill(1);
  expect(written(fp32(), tableOf(wide, 2, SLICE + 1)).bytes.equals(bytesOf(wide))).toBe(true);
});

test("columns that do not come out even still fit a shard, and give the rows of the whole table", async () => {
  const eight = { pictures: 0, ranges: {} };
  // Eleven shards of these bytes hold the table, and not eleven times the 48 columns that each would need.
  const shardBytes = 47.5 * ROWS;
  const ids = Int32Array.of(0, 2016, 2017, ROWS - 1);
  const rowsOf = async (graph: Uint8Array) => {
    const tower = await openGraph(graph, dir, "text");
    const rows = await tower.run(ids, [1, ids.length]);
    await tower.release();
    return rows;
  };
  const table = tableOf(values, ROWS, WIDTH);
  const whole = await rowsOf(written(int8(eight), table).graph);
  for (let part = 0; part < 20; part++) rmSync(join(dir, `text.${part}.bin`), { force: true });
  const cut = await rowsOf(written(int8(eight, { shardBytes }), table, shardBytes).graph);
  expect(cut).toEqual(whole);
  for (const [at, id] of ids.entries())
    for (let i = 0; i < WIDTH; i++)
      expect(Math.abs((cut[at * WIDTH + i] ?? 9) - (values[id * WIDTH + i] ?? 0))).toBeLessThan(0.03);
});
