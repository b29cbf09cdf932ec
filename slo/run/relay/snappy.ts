import { PbfReader } from "pbf";

/**
 * Gives the bytes that a snappy block unpacks to; undefined when its parts do not add up to what it promises, as when it was cut.
 * Walks over the parts without unpacking them: https://github.com/google/snappy/blob/main/format_description.txt
 */
export function unpackedBytes(block: Uint8Array): number | undefined {
  const reader = new PbfReader(block);
  const promised = reader.readVarint();
  let [bytes, at] = [0, reader.pos];
  while (at < block.length) {
    const part = partAt(block, at);
    at = part.next;
    bytes += part.bytes;
  }
  return at === block.length && bytes === promised ? bytes : undefined;
}

/** Bytes of a copy's tag and offset, by the two lowest bits of its tag. */
const copyBytes = [0, 2, 3, 5];

/** Measures a part: a copy, or a literal, of which up to 60 bytes have their length in the tag, longer ones in the 1 to 4 bytes behind it. */
function partAt(block: Uint8Array, at: number): { bytes: number; next: number } {
  const tag = block[at] ?? 0;
  const [kind, upper] = [tag & 3, tag >>> 2];
  if (kind !== 0) return { bytes: kind === 1 ? (upper & 7) + 4 : upper + 1, next: at + (copyBytes[kind] ?? 0) };
  const lengthBytes = Math.max(0, upper - 59);
  let bytes = lengthBytes === 0 ? upper + 1 : 1;
  for (let i = 0; i < lengthBytes; i += 1) bytes += (block[at + 1 + i] ?? 0) * 256 ** i;
  return { bytes, next: at + 1 + lengthBytes + bytes };
}
