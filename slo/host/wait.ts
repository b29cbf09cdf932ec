/**
 * Asks again and again until `ask` gives a value or the limit is reached; undefined means that the limit was reached.
 * Each pause is half as long again as the one before, up to `longestMillis`.
 */
export async function waitFor<T>(
  ask: () => Promise<T | undefined>,
  limitSeconds: number,
  everyMillis: number,
  longestMillis = everyMillis,
): Promise<T | undefined> {
  const until = performance.now() + limitSeconds * 1000;
  for (let pause = everyMillis; ; pause = Math.min(pause * 1.5, longestMillis)) {
    const got = await ask();
    if (got !== undefined) return got;
    const left = until - performance.now();
    if (left <= 0) return undefined;
    await new Promise((resolve) => setTimeout(resolve, Math.min(pause, left)));
  }
}
