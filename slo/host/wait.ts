import { setTimeout as sleep } from "node:timers/promises";

/** Asks until `ask` gives a value; undefined at the limit, or where a signal ends the wait. Each pause is half as long again as the one before, up to `longestMillis`. */
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
