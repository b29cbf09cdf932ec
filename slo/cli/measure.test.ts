import { expect, test } from "vitest";
import { fakeApi } from "../collect/fake-api.fixture.ts";
import { droppedRises, quietSeconds, shortageOf } from "./measure.ts";

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

const health = { cpuShareMax: 0.5, memoryPeakBytes: 1, starvedAtSeconds: [5], known: true };
test.each([
  ["a generator that was watched is known", health, { kind: "known", atSeconds: [5] }],
  ["a run whose command was killed knows nothing of it", null, { kind: "unknown" }],
  ["a system that does not tell is unknown", { ...health, known: false, starvedAtSeconds: [] }, { kind: "unknown" }],
  ["what is known of one pod is not known of the one that was lost", { ...health, known: false }, { kind: "unknown" }],
])("%s", (_, known, expected) => expect(shortageOf({ health: known })).toEqual(expected));

const day = { begun: 1000, ended: 1000 + 86_400 };
const droppedAt = (moment: number, value: number) => [{ valueAt: (at: number) => (at < moment ? undefined : value) }];
test.each<[string, ReturnType<typeof droppedAt> | undefined, number, boolean]>([
  ["drops are placed between two reads", droppedAt(40_000, 3), 3, true],
  ["drops at the very end of a long run are not behind the last read", droppedAt(day.ended, 3), 3, true],
  ["fewer than were sent cannot all be placed", droppedAt(40_000, 2), 3, false],
  ["none where some were sent cannot be placed", [], 3, false],
  ["nor can they where Prometheus does not answer", undefined, 3, false],
])("%s", async (_, series, dropped, placed) => {
  const rises = await droppedRises(
    fakeApi(() => series),
    { testid: "t" },
    day,
    dropped,
  );
  if (!placed) return expect(rises).toBeUndefined();
  const from = series?.[0]?.valueAt(40_000) === undefined ? day.ended : 40_000;
  expect(rises).toHaveLength(1);
  expect(rises?.[0]?.fromSeconds).toBeLessThan(from);
  expect(rises?.[0]?.toSeconds).toBeGreaterThanOrEqual(from);
});
