// A line of JSON for Workers Logs. Nothing of pictures, payloads or addresses belongs in it.

/** @param error what was thrown, told with its stack */
export function log(level: "warn" | "error", message: string, more: Record<string, unknown> = {}, error?: unknown) {
  const thrown = error instanceof Error ? { error: `${error.name}: ${error.message}`, stack: error.stack } : {};
  console[level](JSON.stringify({ level, message, ...more, ...thrown }));
}
