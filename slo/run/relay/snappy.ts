/**
 * Gives the bytes that a snappy block unpacks to; undefined when its parts do not add up to what it promises,
 * as when it was cut. Walks over the parts without unpacking them: https://github.com/google/snappy/blob/main/format_description.txt
 */
export function unpackedBytes(block: Uint8Array): number | undefined {
  let [promised, at] = [0, 0];
  for (let shift = 0; ; shift += 7) {
    const byte = block[at];
    at += 1;
    if (byte === undefined || shift > 28) return undefined;
    promised += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  let bytes = 0;
  while (at < block.length) {
    const part = partAt(block, at);
    at = part.next;
    bytes += part.bytes;
  }
  return at === block.length && bytes === promised ? bytes : undefined;
}

/** Bytes of a copy's tag and offset, by the two lowest bits of its tag. */
const copyBytes = [0, 2, 3, 5];

function partAt(block: Uint8Array, at: number): { bytes: number; next: number } {
  const tag = block[at] ?? 0;
  const [kind, upper] = [tag & 3, tag >>> 2];
  if (kind === 0) return literalAt(block, at, upper);
  return { bytes: kind === 1 ? (upper & 7) + 4 : upper + 1, next: at + (copyBytes[kind] ?? 0) };
}

/** Reads a literal: up to 60 bytes have their length in the tag, longer ones in the 1 to 4 bytes behind it. */
function literalAt(block: Uint8Array, at: number, upper: number): { bytes: number; next: number } {
  if (upper < 60) return { bytes: upper + 1, next: at + 1 + upper + 1 };
  const lengthBytes = upper - 59;
  let bytes = 1;
  for (let i = 0; i < lengthBytes; i += 1) bytes += (block[at + 1 + i] ?? 0) * 256 ** i;
  return { bytes, next: at + 1 + lengthBytes + bytes };
}
