/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4, section 4.2.2). */
const roundConstants = firstPrimes(64).map((prime) => fractionBits(Math.cbrt(prime)));
/** The same of the square roots of the first eight (section 5.3.3). */
const initialState = firstPrimes(8).map((prime) => fractionBits(Math.sqrt(prime)));

/** Gives the SHA-256 of a text's UTF-8 bytes in base64, as a Content-Security-Policy names it; pure, so that a report needs no crypto module. */
export function sha256Base64(text: string): string {
  const words = paddedWords(new TextEncoder().encode(text));
  const state = Int32Array.from(initialState);
  for (let at = 0; at < words.length; at += 16) compress(state, words.subarray(at, at + 16));
  const bytes = [...state].flatMap((word) => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]);
  return btoa(String.fromCharCode(...bytes));
}

function compress(state: Int32Array, block: Int32Array): void {
  const schedule = Int32Array.from({ length: 64 });
  schedule.set(block);
  for (let t = 16; t < 64; t++) {
    const early = at(schedule, t - 15);
    const late = at(schedule, t - 2);
    const small0 = rotated(early, 7) ^ rotated(early, 18) ^ (early >>> 3);
    const small1 = rotated(late, 17) ^ rotated(late, 19) ^ (late >>> 10);
    schedule[t] = at(schedule, t - 16) + small0 + at(schedule, t - 7) + small1;
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
  for (let t = 0; t < 64; t++) {
    const big1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
    const first = (h + big1 + ((e & f) ^ (~e & g)) + (roundConstants[t] as number) + at(schedule, t)) | 0;
    const big0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
    const second = (big0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, position) => (state[position] = at(state, position) + word));
}

function paddedWords(bytes: Uint8Array): Int32Array {
  const length = Math.ceil((bytes.length + 9) / 64) * 64;
  const view = new DataView(new ArrayBuffer(length));
  bytes.forEach((byte, position) => view.setUint8(position, byte));
  view.setUint8(bytes.length, 0x80);
  view.setBigUint64(length - 8, BigInt(bytes.length) * 8n);
  return Int32Array.from({ length: length / 4 }, (_, position) => view.getInt32(position * 4));
}

function at(words: Int32Array, position: number): number {
  return words[position] as number;
}

function rotated(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}

function firstPrimes(howMany: number): number[] {
  const primes: number[] = [];
  for (let candidate = 2; primes.length < howMany; candidate++) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  }
  return primes;
}

function fractionBits(root: number): number {
  return Math.floor((root % 1) * 2 ** 32) | 0;
}
