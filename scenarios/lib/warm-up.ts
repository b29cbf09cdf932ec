import type { Scenario } from "k6/options";
import { timeoutSeconds } from "./client.ts";
import { constant, k6Duration, type Shape, type Size } from "./shapes.ts";

/** The `scenario` label of the requests that nobody judges: the warm-up, and what fills a service before it. */
export const warmupName = "warmup";
/** The warm-up stops within the first second of the gap; then nothing is sent, so that the service's counters can be read between the two. */
const gapSeconds = 2.5;

/** Makes k6's scenarios of a load: a fifth of its peak as warm-up, which is not judged, and the shape itself. An iteration is at most so many requests. */
export function warmedUp(name: string, shape: Shape, size: Size & { warmupSeconds: number }, requests: number): Record<string, Scenario> {
  const { peakRate, seconds, maxVUs, warmupSeconds } = size;
  const warmupRate = Math.max(Math.min(peakRate, 5), peakRate / 5);
  const warmup: Scenario = {
    ...constant({ peakRate: warmupRate, seconds: warmupSeconds, maxVUs: Math.min(maxVUs, Math.max(10, Math.ceil(warmupRate))) }),
    exec: warmupName,
    gracefulStop: "1s",
  };
  const measured: Scenario = {
    ...shape({ peakRate, seconds, maxVUs }),
    startTime: k6Duration(warmupSeconds + gapSeconds),
    // With this its requests come to an end of their own and are counted.
    gracefulStop: k6Duration(requests * timeoutSeconds + 2),
  };
  return warmupSeconds > 0 ? { [warmupName]: warmup, [name]: measured } : { [name]: measured };
}

/** States when each phase of a shape's load is, from its beginning, seconds. */
export function phasesIn({ phases = [] }: Shape, seconds: number) {
  return phases.map(({ name, from, to }) => ({ name, fromSeconds: from * seconds, toSeconds: to * seconds }));
}
