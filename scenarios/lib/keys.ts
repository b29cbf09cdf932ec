import { hash32, noise } from "./random.ts";

/** States how the iterations fall on the keys. `hotKeys` of the keys (0–1) get `hotShare` of the iterations (0–1). */
export type Distribution = { kind: "uniform" } | { kind: "hot"; hotKeysRatio: number; hotShareRatio: number };

const range = 2 ** 32;

/** Makes the function that says which key (0 … keys − 1) an iteration uses; the same for the same seed. */
export function keyChooser(keys: number, distribution: Distribution, seed: number): (iteration: number) => number {
  if (distribution.kind === "uniform") return (iteration) => hash32(iteration, seed) % keys;
  const hot = Math.min(keys, Math.max(1, Math.round(keys * distribution.hotKeysRatio)));
  const cold = keys - hot;
  const hotBelow = cold === 0 ? range : distribution.hotShareRatio * range;
  return (iteration) => {
    const pick = hash32(iteration, seed + 1);
    return hash32(iteration, seed) < hotBelow ? pick % hot : hot + (pick % cold);
  };
}

/** Names the bucket of a key that every instance seeds with the same payload. */
export const sharedBucket = (key: number): string => `plimsoll-${key}`;

/** Makes the beginning of the names that only this instance and this k6 scenario use; the iteration's number completes it. */
export const privateBucketPrefix = (instance: string, scenario: string): string => `plimsoll-own-${instance}-${scenario}-`;

/** Bounds the size of a payload, bytes, both ends included. */
export interface SizeRange {
  minBytes: number;
  maxBytes: number;
}

const stepBytes = 4;

/** Makes the one block of noise from which every key's payload is cut, 4 bytes apart: each differs, all byte values occur, and none has to be kept. */
export function payloadBlock(sizes: SizeRange, keys: number, seed: number): ArrayBuffer {
  return noise(Math.ceil((sizes.maxBytes + keys * stepBytes) / 4), seed).buffer;
}

/** Says which bytes of the block are a key's payload: a pure function of key and seed. */
export function payloadExtent(key: number, sizes: SizeRange, seed: number): { fromByte: number; toByte: number } {
  const span = sizes.maxBytes - sizes.minBytes + 1;
  const fromByte = key * stepBytes;
  return { fromByte, toByte: fromByte + sizes.minBytes + (hash32(key, seed) % span) };
}
