// How a job is called, and how long it may take.

/** After this long an upload is given up that did not end. */
export const UPLOAD_MS = 60 * 60_000;
/** After this long what is left of a job is answered as expired. */
export const EXPIRES_MS = 7 * 24 * 60 * 60_000;

export const jobId = (): string => `batch_${crypto.randomUUID().replaceAll("-", "")}`;
