import { setTimeout as sleep } from "node:timers/promises";

/**
 * Asks again and again until `ask` gives a value or the limit is reached; undefined means that the limit was reached.
 * Each pause is half as long again as the one before, up to `longestMillis`; a signal ends the wait as the limit would.
 */
export async function waitFor<T>(
  ask: () => Promise<T | undefined>,
  limitSeconds: number,
  everyMillis: number,
  longestMillis = everyMillis,
  signal?: AbortSignal,
): Promise<T | undefined> {
  const until = performance.now() + limitSeconds * 1000;
  for (let pause = everyMillis; ; pause = Math.min(pause * 1.5, longestMillis)) {
    const got = await ask();
    if (got !== undefined) return got;
    const left = until - performance.now();
    if (left <= 0) return undefined;
    await sleep(Math.min(pause, left), undefined, { signal }).catch(() => undefined);
    if (signal?.aborted) return undefined;
  }
}
