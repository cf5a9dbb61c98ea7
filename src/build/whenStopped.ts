// When this process is to end: at a signal, or when npm, which ran it, was ended. npm's shell passes no signal on.
import { execFileSync } from "node:child_process";

const POLL_MS = 250;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** npm, where it is the parent of the shell that runs this; undefined where that cannot be told. */
function npmOf(shell: number): number | undefined {
  try {
    const pid = Number(execFileSync("ps", ["-o", "ppid=", "-p", String(shell)], { encoding: "utf8" }));
    return pid > 1 ? pid : undefined;
  } catch {
    // There is no ps here: then only the shell is watched.
    return undefined;
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** @param stop called for each signal, and once when npm is gone */
export function whenStopped(stop: () => void): void {
  for (const signal of SIGNALS) process.on(signal, stop);
  if (process.env.npm_lifecycle_event === undefined) return;
  const shell = process.ppid;
  const npm = npmOf(shell);
  const watching = setInterval(() => {
    // An orphan gets another parent.
    if (process.ppid === shell && (npm === undefined || isThere(npm))) return;
    clearInterval(watching);
    stop();
  }, POLL_MS);
  watching.unref();
}
