/** Opens a seeded source of chance (mulberry32) for one world of a seed: the same numbers on every machine. */
export function randomOf(seed: number, index: number) {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35);
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 4; i += 1) next();
  return {
    /** Gives a number from `from` up to `to`, which is never reached. */
    between: (from: number, to: number) => from + next() * (to - from),
    /** Gives true with a probability (0–1). */
    chance: (probability: number) => next() < probability,
    pick<T>(from: readonly T[]): T {
      const picked = from[Math.floor(next() * from.length)];
      if (picked === undefined) throw new RangeError("nothing to pick from");
      return picked;
    },
  };
}

export type Random = ReturnType<typeof randomOf>;
