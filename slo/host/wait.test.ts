import { expect, test } from "vitest";
import { waitFor } from "./wait.ts";

test("a wait ends at its signal, and asks no more", async () => {
  const stop = new AbortController();
  let asked = 0;
  const ask = async (): Promise<undefined> => {
    asked += 1;
    stop.abort();
  };
  // An hour's pause: the test ends only because the wait does.
  expect(await waitFor(ask, 7200, 3_600_000, 3_600_000, stop.signal)).toBe(undefined);
  expect(asked).toBe(1);
});

test("without one it asks until there is a value", async () => {
  let asked = 0;
  expect(await waitFor(async () => ((asked += 1) > 2 ? "there" : undefined), 60, 1)).toBe("there");
});
