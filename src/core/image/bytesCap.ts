// The largest picture file taken anywhere in the collection.

/** Bytes: 20 MiB. */
export const PICTURE_BYTES_CAP = 20 * 2 ** 20;
