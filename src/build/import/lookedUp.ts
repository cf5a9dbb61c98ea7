// Embedding tables with the rows alone that some texts look up: the same vectors, without 256,000 words in memory twice.
import type { Precision } from "../compile/precision.ts";
import { tableOf } from "../compile/table.ts";
import type { Input } from "../drift.ts";

/** @param texts whose ids are asked for, and no others */
export function lookedUp(precision: Precision, texts: readonly Input[]): Precision {
  const asked = [...new Set(texts.flatMap(({ data }) => [...data]))].sort((a, b) => a - b);
  return {
    ...precision,
    embedding(graph, ids, name, { rows, width, read }) {
      const own = asked.filter((id) => id < rows);
      const few = new Float32Array(own.length * width);
      const places = new Int32Array(rows);
      for (const [place, id] of own.entries()) {
        few.set(read(id, id + 1), place * width);
        places[id] = place;
      }
      graph.constant(`${name}.places`, "INT32", [rows], new Uint8Array(places.buffer));
      const place = graph.node("Gather", [`${name}.places`, ids]);
      return precision.embedding(graph, place, name, tableOf(few, own.length, width));
    },
  };
}
