// The batch Worker's entry: over what was staged for this deployment.
import { big } from "../../../.edgeclip/deployment/big.ts";
import { deployment } from "../../../.edgeclip/deployment/deployment.ts";
import { createBatch } from "./app.ts";

export default createBatch(deployment, big);
