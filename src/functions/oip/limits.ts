// Bounds of one request to a model Worker; a caller splits larger work.

/** Pictures of one inference. */
export const MAX_PICTURES = 8;
/** N x T of one inference. */
export const MAX_TOKENS = 16_384;
