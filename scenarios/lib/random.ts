/** Mixes two integers into 32 well-spread bits, unsigned (the finalizer of MurmurHash3). */
export function hash32(value: number, seed: number): number {
  let h = (Math.imul(value, 0x9e3779b1) ^ Math.imul(seed, 0x85ebca6b) ^ 0x27d4eb2f) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Makes `words` 32-bit words of noise, the same for the same seed (Marsaglia's xorshift32). */
export function noise(words: number, seed: number): Uint32Array<ArrayBuffer> {
  const out = new Uint32Array(words);
  let x = hash32(1, seed) | 1;
  for (let i = 0; i < words; i += 1) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    out[i] = x;
  }
  return out;
}
