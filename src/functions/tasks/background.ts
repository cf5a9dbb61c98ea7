// The vocabulary that stands for everything a picture may show: what labels are weighed against, or carried over by.
import type { Bank } from "../../core/labels/bank.ts";
import type { Deployment } from "../deployment/deployment.ts";

/** The background of free labels, and of banks that name none. */
export const DEFAULT_BACKGROUND = "everyday";

/** @returns the bank that is named, else the everyday one, where there is one */
export const backgroundOf = (named: string | undefined, { banks }: Deployment): Bank | undefined =>
  banks.get(named ?? DEFAULT_BACKGROUND);
