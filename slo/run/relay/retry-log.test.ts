import { expect, test } from "vitest";
import { openRetryLog } from "./retry.ts";

function told(): { said: string[]; retryLog: ReturnType<typeof openRetryLog>; clock: { millis: number } } {
  const said: string[] = [];
  const clock = { millis: 0 };
  return {
    said,
    clock,
    retryLog: openRetryLog(
      (line) => said.push(line),
      () => clock.millis,
    ),
  };
}

test("an outage is told once, whatever its words, and its end once", () => {
  const { said, retryLog } = told();
  for (const port of [1, 2, 3]) retryLog.trouble("unreachable", `ECONNREFUSED ${port}`);
  retryLog.fine();
  retryLog.fine();
  expect(said).toEqual([
    "Prometheus does not take samples: ECONNREFUSED 1; they are kept and sent again",
    "Prometheus takes samples again",
  ]);
});

test("another sort of trouble is told at once", () => {
  const { said, retryLog } = told();
  retryLog.trouble("unreachable", "gone");
  retryLog.trouble("401", "401 no");
  expect(said[1]).toContain("401 no");
});

test("a destination that comes and goes every second is two lines in half a minute, not sixty", () => {
  const { said, retryLog, clock } = told();
  for (clock.millis = 0; clock.millis < 30_000; clock.millis += 1000) {
    retryLog.trouble("503", "503 busy");
    retryLog.fine();
  }
  expect(said).toHaveLength(2);
  retryLog.trouble("503", "503 busy");
  expect(said, "and then it is told again").toHaveLength(3);
});
