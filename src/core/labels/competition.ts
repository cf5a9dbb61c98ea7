// Which labels of a background do not compete with a label: itself, what it is a kind of, and what is a kind of it.
import type { Competition } from "../score/tagLogits.ts";
import type { Bank } from "./bank.ts";

type Named = Pick<Bank, "labels" | "negatives">;

const key = (name: string): string => name.toLowerCase();

/** @returns the competition of each label, by its row */
export function competitionOf({ labels, negatives }: Named, background: Pick<Bank, "labels">): Competition[] {
  const rows = new Map<string, number[]>();
  const children = new Map<string, number[]>();
  const add = (map: Map<string, number[]>, name: string, row: number) => {
    const known = map.get(key(name));
    if (known) known.push(row);
    else map.set(key(name), [row]);
  };
  for (const [row, { name, parents }] of background.labels.entries()) {
    add(rows, name, row);
    for (const parent of parents) add(children, parent, row);
  }
  return labels.map(({ name, parents }, row) => {
    const kin = [name, ...parents].flatMap((each) => rows.get(key(each)) ?? []);
    return { kin: [...new Set([...kin, ...(children.get(key(name)) ?? [])])], negatives: negatives.get(row) };
  });
}
