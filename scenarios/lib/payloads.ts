import { hash32, noise } from "./random.ts";

/** Bounds the size of a payload, bytes, both ends included. */
export interface SizeRange {
  minBytes: number;
  maxBytes: number;
}

const stepBytes = 4;

/**
 * Makes the block of noise from which every key's payload is cut.
 * One block serves all keys: their payloads begin 4 bytes apart, so each differs, all byte values occur, and none has to be kept.
 */
export function payloadBlock(sizes: SizeRange, keys: number, seed: number): ArrayBuffer {
  return noise(Math.ceil((sizes.maxBytes + keys * stepBytes) / 4), seed).buffer;
}

/** Says which bytes of the block are a key's payload: a pure function of key and seed. */
export function payloadExtent(key: number, sizes: SizeRange, seed: number): { fromByte: number; toByte: number } {
  const span = sizes.maxBytes - sizes.minBytes + 1;
  const fromByte = key * stepBytes;
  return { fromByte, toByte: fromByte + sizes.minBytes + (hash32(key, seed) % span) };
}
