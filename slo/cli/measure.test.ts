import { expect, test } from "vitest";
import { quietSeconds } from "./measure.ts";

const scenario = (judged: boolean, startSeconds: number, endSeconds: number | undefined) => ({
  ...{ name: "s", executor: "constant-arrival-rate", judged, openModel: true, offered: [] },
  ...{ startSeconds, endSeconds },
});

test.each([
  ["without a warm-up the whole gap after setup is quiet", [scenario(true, 2.5, 30)], 2.5],
  ["a warm-up runs on for its graceful stop", [scenario(false, 0, 3), scenario(true, 5.5, 30)], 1.5],
  ["a load that begins with the warm-up has no quiet gap", [scenario(false, 0, 3), scenario(true, 0, 30)], 0],
  ["a load that begins at once has none", [scenario(true, 0, 30)], 0],
  ["a warm-up without a planned end may run on for ever", [scenario(false, 0, undefined), scenario(true, 5.5, 30)], 0],
])("%s", (_, scenarios, expected) => {
  expect(quietSeconds({ scenarios })).toBe(expected);
});
