import { Counter, Gauge } from "k6/metrics";
import type { Response } from "k6/http";
import { routeSamples } from "./samples.ts";

/** Remote write shows these as k6_slow_requests_total, k6_wrong_contents_total and k6_scenario_start_seconds (slo/spec/names.ts). */
const slowRequests = new Counter("slow_requests");
const wrongContents = new Counter("wrong_contents");
const scenarioStart = new Gauge("scenario_start_seconds");

/** The tag of what a client counts in a script that may send other requests as well (slo/spec/names.ts). */
export const countedTag = { counted_by: "plimsoll" };

/** Makes the counter of what one route's responses were like, which samples the bad ones; its tags are made here, once. */
export function routeCounter(
  tags: Readonly<Record<string, string>> & { method: string; name: string },
  expect: readonly number[],
  thresholdsSeconds: readonly number[],
) {
  const limits = thresholdsSeconds.map((seconds) => ({ milliseconds: seconds * 1000, tags: { ...tags, threshold: String(seconds) } }));
  const least = Math.min(...limits.map(({ milliseconds }) => milliseconds));
  const sample = routeSamples(tags.method, tags.name);
  const [usual] = expect;
  return {
    /** Counts the response as slow for every threshold that it passed, one that never came for all; says whether its status was expected. */
    seen(response: Response): boolean {
      const { status } = response;
      const milliseconds = status === 0 ? Infinity : response.timings.duration;
      const isExpected = status === usual || expect.includes(status);
      if (milliseconds <= least && isExpected) return true;
      for (const limit of limits) if (milliseconds > limit.milliseconds) slowRequests.add(1, limit.tags);
      sample(isExpected ? "slow" : "answer", response);
      return isExpected;
    },
    wrong(response: Response): void {
      wrongContents.add(1, tags);
      sample("wrongContents", response);
    },
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
