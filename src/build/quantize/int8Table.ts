// An embedding table in int8 with a scale per row, quantized a slice of rows at a time, and cut by columns where it is larger than a shard.
import { slicesOf, type Table } from "../compile/table.ts";
import type { Graph } from "../onnx/graph.ts";
import { columnsAtOnce } from "./byColumns.ts";
import { quantizeRows, ZERO_POINT } from "./rows.ts";

/** @param ids int32 [N, T]; @returns float [N, T, width] */
export function int8Table(graph: Graph, ids: string, name: string, table: Table, shardBytes: number): string {
  const { rows, width } = table;
  const columns = columnsAtOnce(width, rows, shardBytes);
  const parts = Array.from({ length: Math.ceil(width / columns) }, (_, part) => {
    const from = part * columns;
    const own = Math.min(columns, width - from);
    const kept = columns === width ? name : `${name}.${part}`;
    const fill = graph.reserve(kept, "UINT8", [rows, own]);
    const taken = graph.node("Gather", [kept, ids]);
    const float = graph.node("Sub", [graph.node("Cast", [taken], { to: 1 }), graph.float(ZERO_POINT)]);
    return { from, own, fill, float };
  });
  const scales = new Float32Array(rows);
  for (const slice of slicesOf(table)) {
    const count = slice.values.length / width;
    const quantized = quantizeRows(slice.values, count);
    scales.set(quantized.scales, slice.from);
    for (const { from, own, fill } of parts)
      fill(slice.from * own, columnsOf(quantized.values, count, width, from, own));
  }
  const [first] = parts;
  const floats = parts.map(({ float }) => float);
  const whole = first && parts.length === 1 ? first.float : graph.node("Concat", floats, { axis: -1 });
  const scale = graph.node("Gather", [graph.weight(`${name}.scale`, [rows, 1], scales), ids]);
  return graph.node("Mul", [whole, scale]);
}

function columnsOf(
  values: Uint8Array<ArrayBuffer>,
  rows: number,
  width: number,
  from: number,
  columns: number,
): Uint8Array<ArrayBuffer> {
  if (columns === width) return values;
  const slice = new Uint8Array(rows * columns);
  for (let row = 0; row < rows; row++)
    slice.set(values.subarray(row * width + from, row * width + from + columns), row * columns);
  return slice;
}
