import { Counter, Gauge } from "k6/metrics";
import type { Response } from "k6/http";

/** Remote write shows these as k6_slow_requests_total, k6_wrong_contents_total and k6_scenario_start_seconds (slo/spec/names.ts). */
const slowRequests = new Counter("slow_requests");
const wrongContents = new Counter("wrong_contents");
const scenarioStart = new Gauge("scenario_start_seconds");

/** Makes the counter of what one route's responses were like; its tags are made here, once. */
export function routeCounter(method: string, name: string, thresholdsSeconds: readonly number[]) {
  const tags = { method, name };
  const limits = thresholdsSeconds.map((seconds) => ({ milliseconds: seconds * 1000, tags: { ...tags, threshold: String(seconds) } }));
  const least = Math.min(...limits.map(({ milliseconds }) => milliseconds));
  return {
    /** Counts the response as slow for every threshold that it passed; one that never came is slow for all. */
    timed(response: Response): void {
      const milliseconds = response.status === 0 ? Infinity : response.timings.duration;
      if (milliseconds <= least) return;
      for (const limit of limits) if (milliseconds > limit.milliseconds) slowRequests.add(1, limit.tags);
    },
    wrong: (): void => wrongContents.add(1, tags),
  };
}

/** Creates the series at zero: they say that slow requests and wrong contents were counted, of which routes the contents are verified, and that there were none. */
export function countersAtZero(thresholdsSeconds: readonly number[], verified: readonly (readonly [method: string, name: string])[]): void {
  for (const seconds of thresholdsSeconds) slowRequests.add(0, { threshold: String(seconds) });
  wrongContents.add(0);
  for (const [method, name] of verified) wrongContents.add(0, { method, name });
}

/** States when the running k6 scenario began, Unix seconds. */
export function scenarioBegan(milliseconds: number): void {
  scenarioStart.add(milliseconds / 1000);
}
