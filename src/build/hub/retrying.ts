// Asking again after failures that may pass, no sooner than the server wants, and not for ever.
import type { Hub } from "./hub.ts";
import { HubError } from "./hubError.ts";

const ATTEMPTS = 6;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 120_000;

/**
 * @param attempt told how often in a row it has failed; `progressed` starts the count anew
 * @throws what the last attempt threw
 */
export async function retrying<T>(
  hub: Pick<Hub, "wait">,
  attempt: (progressed: () => void) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  let failures = 0;
  for (;;) {
    try {
      return await attempt(() => {
        failures = 0;
      });
    } catch (error) {
      // The reason of an abort may itself be a failure worth another attempt, but not here.
      signal?.throwIfAborted();
      failures++;
      if (!(error instanceof HubError) || !error.retry || failures >= ATTEMPTS) throw error;
      const wait = error.after ?? FIRST_WAIT_MS * 2 ** (failures - 1);
      if (wait > LONGEST_WAIT_MS)
        throw new HubError(`${error.message} It wants to be asked again in ${Math.ceil(wait / 60_000)} minutes.`, {
          cause: error,
        });
      await hub.wait(wait);
      signal?.throwIfAborted();
    }
  }
}
