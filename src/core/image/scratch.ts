// A buffer used over and over: strips of pixels come by the hundred, and as garbage they would wait for a collection.

/** @returns what gives bytes that are only good until the next call; they are not zeroed */
export function scratch(): (length: number) => Uint8Array {
  let buffer = new Uint8Array();
  return (length) => {
    if (buffer.length < length) buffer = new Uint8Array(length);
    return buffer.subarray(0, length);
  };
}
