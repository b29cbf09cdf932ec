/** Asks again and again until `ask` gives a value or the limit is reached; undefined means that the limit was reached. */
export async function waitFor<T>(ask: () => Promise<T | undefined>, limitSeconds: number, everyMillis: number): Promise<T | undefined> {
  const until = performance.now() + limitSeconds * 1000;
  for (;;) {
    const got = await ask();
    if (got !== undefined) return got;
    if (performance.now() >= until) return undefined;
    await new Promise((resolve) => setTimeout(resolve, everyMillis));
  }
}
