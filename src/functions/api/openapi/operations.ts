// What the API offers, endpoint by endpoint: options, pictures, answers, and the codes of its errors.
import type { Operation } from "./operation.ts";
import { BACKEND } from "./operations/backend.ts";
import { BATCHES } from "./operations/batches.ts";
import { DEPLOYMENT } from "./operations/deployment.ts";
import { INFERENCE } from "./operations/inference.ts";

export const OPERATIONS: readonly Operation[] = [...INFERENCE, ...BATCHES, ...BACKEND, ...DEPLOYMENT];
