import { expect, test } from "vitest";
import { openNarrator } from "./narrate.ts";

function told(): { said: string[]; narrator: ReturnType<typeof openNarrator>; clock: { millis: number } } {
  const said: string[] = [];
  const clock = { millis: 0 };
  return {
    said,
    clock,
    narrator: openNarrator(
      (line) => said.push(line),
      () => clock.millis,
    ),
  };
}

test("an outage is told once, whatever its words, and its end once", () => {
  const { said, narrator } = told();
  for (const port of [1, 2, 3]) narrator.trouble("unreachable", `ECONNREFUSED ${port}`);
  narrator.fine();
  narrator.fine();
  expect(said).toEqual([
    "Prometheus does not take samples: ECONNREFUSED 1; they are kept and sent again",
    "Prometheus takes samples again",
  ]);
});

test("another sort of trouble is told at once", () => {
  const { said, narrator } = told();
  narrator.trouble("unreachable", "gone");
  narrator.trouble("401", "401 no");
  expect(said[1]).toContain("401 no");
});

test("a receiver that comes and goes every second is two lines in half a minute, not sixty", () => {
  const { said, narrator, clock } = told();
  for (clock.millis = 0; clock.millis < 30_000; clock.millis += 1000) {
    narrator.trouble("503", "503 busy");
    narrator.fine();
  }
  expect(said).toHaveLength(2);
  narrator.trouble("503", "503 busy");
  expect(said, "and then it is told again").toHaveLength(3);
});
