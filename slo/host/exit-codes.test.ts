import { expect, test } from "vitest";
import { exitCodeHelp, k6ExitMeaning } from "./exit-codes.ts";

test("the help lists every exit code with its sentence", () => {
  expect(exitCodeHelp).toBe(`Exit codes:
  0    every objective met
  1    an error budget exceeded
  2    bad usage or bad spec; nothing was loaded
  3    inconclusive: no proof either way, and the reason
  4    the run could not be carried out (tool missing, target unreachable, k6 crashed)
  130  interrupted; children stopped, what was measured kept`);
});

test.each([
  [107, "the script threw an error"],
  [109, "k6 crashed"],
  [1, "exit code 1"],
])("k6's exit code %i means: %s", (code, meaning) => {
  expect(k6ExitMeaning(code)).toBe(meaning);
});
