// Pictures by URL: fetched from the hosts that this deployment names, by default from none.
import { PICTURE_BYTES_CAP } from "../../core/image/bytesCap.ts";
import { Problem } from "../../core/problem.ts";
import { fetchPicture } from "../../core/remote/fetchPicture.ts";
import type { Timing } from "../answer/timing.ts";
import type { Lease } from "../body/inFlight.ts";
import { hostsOf } from "./hostsOf.ts";

const TIMEOUT_MS = 10_000;
/** All pictures that one request has fetched. With the largest body that names them it still fits what is in flight. */
const TOGETHER_BYTES_CAP = 20 * 2 ** 20;

export interface RemoteEnv {
  /** Hosts that pictures may be fetched from: names, or `*.` and a name, separated by commas. Without it, none. */
  REMOTE_HOSTS?: string;
  /** What requests to elsewhere go through, where a deployment has such a way out. */
  OUTBOUND?: Fetcher;
}

/** @param pointer where the address stands in the request */
export type FetchRemote = (address: string, pointer: string) => Promise<Uint8Array<ArrayBuffer>>;

/** Counts what is fetched through one fetcher, and takes room for it. */
function roomOf(lease: Lease): (bytes: number) => Promise<void> {
  let together = 0;
  return (bytes) => {
    together += bytes;
    if (together > TOGETHER_BYTES_CAP)
      throw new Problem(
        "remote_too_large",
        `The pictures fetched for it have more than ${TOGETHER_BYTES_CAP / 2 ** 20} MiB together.`,
      );
    return lease.grow(bytes);
  };
}

/** @param lease of the request that the pictures are for; without it, who fetches one has room for the largest */
export function remoteFetcher({ REMOTE_HOSTS, OUTBOUND }: RemoteEnv, timing: Timing, lease?: Lease): FetchRemote {
  const options = {
    hosts: hostsOf(REMOTE_HOSTS),
    maxBytes: PICTURE_BYTES_CAP,
    timeoutMs: TIMEOUT_MS,
    ...(lease && { arrived: roomOf(lease) }),
  };
  return async (address, pointer) => {
    try {
      return await timing.measure("fetch", () =>
        fetchPicture(address, {
          ...options,
          fetch: (url, init) => (OUTBOUND ? OUTBOUND.fetch(url, init) : fetch(url, init)),
        }),
      );
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const errors = [{ pointer, message: error.message }];
      throw new Problem(error.code, error.message, { errors, cause: error });
    }
  };
}
