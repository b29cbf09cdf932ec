import { outcomeText } from "./causes.ts";
import { runOrigin } from "./facts.ts";
import { type ReportObjective, unmet } from "./headline.ts";
import { duration, elapsed } from "./numbers.ts";
import type { Report } from "./schema.ts";

/** A request that failed or was slow, as the load's client saw it. */
export type ReportSample = NonNullable<Report["samples"]>[number];

/** How many are shown where there is little room. */
const few = 3;

/** Names what became of a sample's request. */
export function sampleOutcome({ kind, status, errorCode }: ReportSample): string {
  return outcomeText({ kind, status: String(status), errorCode: String(errorCode) });
}

/** Chooses the first samples of what objectives are not met for, by route and sort. */
export function firstSamples(report: Report, of: readonly ReportObjective[] = unmet(report)): ReportSample[] {
  const names = new Set(of.map(({ name }) => name));
  const causes = (report.causes ?? []).filter(({ objective }) => names.has(objective));
  const isOf = ({ method, route, kind }: ReportSample): boolean =>
    causes.some(({ subject, atMostSeconds }) => {
      const isSort = atMostSeconds === undefined ? kind !== "slow" : kind === "slow";
      return isSort && (subject === undefined || (subject.method === method && subject.route === route));
    });
  return (report.samples ?? []).filter(isOf).slice(0, few);
}

/** Writes a sample on one line. */
export function sampleLine(sample: ReportSample, report: Report): string {
  const { method, path, durationSeconds, error, requestId, traceId, answer } = sample;
  const parts = [
    `${elapsed(sample.atSeconds - runOrigin(report))} ${method} ${path} ${sampleOutcome(sample)} after ${duration(durationSeconds)}`,
    ...(error === "" ? [] : [error]),
    ...(requestId === "" ? [] : [`request ${requestId}`]),
    ...(traceId === "" ? [] : [`trace ${traceId}`]),
  ];
  return `${parts.join(", ")}${answer === "" ? "" : `: ${answer}`}`;
}

/** Writes all samples as lines of JSON, with what the service logged of each. */
export function samplesText({ samples = [] }: Report): string {
  return samples.map((sample) => `${JSON.stringify(sample)}\n`).join("");
}
