// The header of a NumPy file of fp32 rows. https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

const ALIGNED = 64;
/** Magic, version 1.0, and the length of what follows. */
const FIXED = 10;

/** @returns what stands in front of little-endian fp32 [rows, width], row-major */
export function npyHeader(rows: number, width: number): Uint8Array<ArrayBuffer> {
  const description = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${width}), }`;
  const length = Math.ceil((FIXED + description.length + 1) / ALIGNED) * ALIGNED;
  const header = new Uint8Array(length).fill(0x20);
  header.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0]);
  new DataView(header.buffer).setUint16(8, length - FIXED, true);
  header.set(new TextEncoder().encode(description), FIXED);
  header[length - 1] = 0x0a;
  return header;
}
