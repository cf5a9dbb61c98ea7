// Resident memory of a process and those below it, sampled from /proc while something runs.
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const EVERY_MS = 500;

interface Process {
  pid: number;
  parent: number;
  name: string;
  /** Bytes. */
  resident: number;
}

function processes(): Process[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const status = readFileSync(`/proc/${name}/status`, "utf8");
        const field = (key: string) => new RegExp(`^${key}:\\s+(.+)$`, "m").exec(status)?.[1] ?? "";
        const resident = Number(field("VmRSS").split(" ")[0]) * 1024;
        return [{ pid: Number(name), parent: Number(field("PPid")), name: field("Name"), resident }];
      } catch {
        // It ended meanwhile.
        return [];
      }
    });
}

/** Bytes of all processes of that name below this one. */
export function residentBelow(root: number, name: string): number {
  const all = processes();
  const below = new Set([root]);
  for (let size = 0; size !== below.size; ) {
    size = below.size;
    for (const { pid, parent } of all) if (below.has(parent)) below.add(pid);
  }
  return all
    .filter((each) => below.has(each.pid) && each.name.startsWith(name))
    .reduce((sum, { resident }) => sum + resident, 0);
}

/** @returns the samples in bytes, from the first to what is there at the end */
export async function sampled(read: () => number, work: () => Promise<void>): Promise<number[]> {
  const samples = [read()];
  let over = false;
  const sampling = (async () => {
    while (!over) {
      await sleep(EVERY_MS);
      samples.push(read());
    }
  })();
  await work().finally(() => {
    over = true;
  });
  await sampling;
  return samples;
}

const MIB = 2 ** 20;

/** As text: at first, the median of the second and of the last tenth, the highest, and at the end. */
export function toldMemory(samples: readonly number[]): string {
  const median = (part: readonly number[]) => part.toSorted((a, b) => a - b)[Math.floor(part.length / 2)] ?? 0;
  const tenth = Math.max(1, Math.floor(samples.length / 10));
  const figures = [
    ["at first", samples[0] ?? 0],
    ["second tenth", median(samples.slice(tenth, 2 * tenth))],
    ["last tenth", median(samples.slice(-tenth))],
    ["highest", Math.max(...samples)],
  ] as const;
  return figures.map(([name, bytes]) => `${name} ${Math.round(bytes / MIB)} MiB`).join(", ");
}
