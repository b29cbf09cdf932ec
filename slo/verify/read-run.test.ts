import { expect, test } from "vitest";
import { fakeApi } from "../collect/fake-api.fixture.ts";
import { risesOf } from "../collect/starved.ts";
import { droppedOver, shortageOf } from "./read-run.ts";
import { quietSeconds } from "./server-side.ts";

const scenario = (judged: boolean, startSeconds: number, endSeconds: number | undefined) => ({
  name: "s",
  executor: "constant-arrival-rate",
  judged,
  openModel: true,
  offered: [],
  startSeconds,
  endSeconds,
  iterations: undefined,
  vus: undefined,
  readyVus: undefined,
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
])("%s", (_, known, expected) => expect(shortageOf({ health: known, k6: null })).toEqual(expected));

test("of a k6 that was killed nobody knows what it lacked before, as memory: its drops and slow requests are nobody's fault for certain", () => {
  const counted = { iterations: null, interrupted: 0, summaryRequests: null, summaryBad: null, checks: null, errors: [] };
  const k6 = { startedAtSeconds: 1, endedAtSeconds: 9, exitCode: null, signal: "SIGKILL", ...counted };
  expect(shortageOf({ health, k6 })).toEqual({ kind: "unknown" });
});

const span = { fromSeconds: 1000, toSeconds: 1000 + 86_400, stepSeconds: 17.28 };
const droppedAt = (moment: number, value: number) => [{ valueAt: (at: number) => (at < moment ? undefined : value) }];
test.each<[string, ReturnType<typeof droppedAt> | undefined, number, number | undefined]>([
  ["drops are placed between two reads", droppedAt(40_000, 3), 3, 40_000],
  ["drops at the very end of a long run are not behind the last read", droppedAt(span.toSeconds - 1, 3), 3, span.toSeconds - 1],
  ["fewer than were sent cannot all be placed", droppedAt(40_000, 2), 3, undefined],
  ["nor can more than were heard of", droppedAt(40_000, 4), 3, undefined],
  ["none where some were sent cannot be placed", [], 3, undefined],
  ["nor can they where Prometheus does not answer", undefined, 3, undefined],
])("%s", async (_, series, dropped, at) => {
  const drops = await droppedOver(
    fakeApi(() => series),
    "t",
    span,
    dropped,
  );
  if (at === undefined) return expect(drops).toBeUndefined();
  const [rise, ...more] = risesOf(drops ?? [], span.stepSeconds);
  expect(more).toEqual([]);
  expect(rise?.fromSeconds).toBeLessThan(at);
  expect(rise?.toSeconds).toBeGreaterThanOrEqual(at);
});
