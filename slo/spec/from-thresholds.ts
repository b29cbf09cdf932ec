import type { z } from "zod";
import { specFileSchema } from "./schema.ts";
import type { ScriptMetric } from "./script-facts.ts";
import { percentText } from "./units.ts";

export type StatedObjective = z.input<typeof specFileSchema>["objectives"][number];

/** One threshold of a script as an objective, with what the change of meaning is, if any; or why it cannot be one. */
export type Translated = { threshold: string } & (
  | { kind: "objective"; objective: StatedObjective; note?: string }
  | { kind: "refused"; reason: string }
);

/** The thresholds of k6's options, as a script exports them or `k6 inspect` prints them. */
export type Thresholds = Readonly<Record<string, readonly (string | { threshold: string })[]>>;

type Indicator = StatedObjective["indicator"];
type Outcome = { target: number; indicator: Indicator; note?: string } | string;

/** Translates a script's thresholds, one by one and in their order; `metrics` are the script's own, where they are known. */
export function fromThresholds(thresholds: Thresholds, metrics: readonly ScriptMetric[] = []): Translated[] {
  return Object.entries(thresholds).flatMap(([key, expressions]) =>
    expressions.map((one): Translated => {
      const expression = typeof one === "string" ? one : one.threshold;
      const threshold = `${key}: ${expression}`;
      const asked = readThreshold(key, expression);
      const outcome = typeof asked === "string" ? asked : outcomeOf(asked, metrics);
      if (typeof outcome === "string") return { threshold, kind: "refused", reason: outcome };
      const { target, indicator, note } = outcome;
      const objective = { name: `${key} ${expression}`, target: percentText(target), indicator };
      const problem = problemOf(objective);
      if (problem !== undefined) return { threshold, kind: "refused", reason: problem };
      return { threshold, kind: "objective", objective, ...(note === undefined ? {} : { note }) };
    }),
  );
}

function problemOf(objective: StatedObjective): string | undefined {
  const { error } = specFileSchema.safeParse({ version: 1, service: "s", objectives: [objective] });
  const [first] = error?.issues ?? [];
  return first && `${first.path.slice(2).join(" ")} ${first.code === "invalid_key" ? first.issues[0]?.message : first.message}`.trim();
}

/** What a threshold says: which metric, under which tags, and which aggregate is compared with what. */
type Asked = Exclude<ReturnType<typeof readThreshold>, string>;

/** k6's grammar of thresholds (metrics/thresholds_parser.go) and of the tags in a metric's name (metrics/metric.go). */
function readThreshold(key: string, expression: string) {
  const [, metric, tags = ""] = /^([^{]+?)\s*(?:\{(.*)\})?$/.exec(key.trim()) ?? [];
  const [, aggregate, operator = "", value] =
    /^\s*(count|rate|value|avg|min|max|med|p\([\d.]+\))\s*(<=|>=|<|>|={2,3}|!=)\s*([\d.]+)\s*$/.exec(expression) ?? [];
  if (metric === undefined || aggregate === undefined) return "is not a threshold that k6 knows";
  if (!/^[<>]/.test(operator)) return "compares for being equal, which no number of requests proves: state a share, such as 99.9%";
  const where: Record<string, string> = {};
  for (const pair of tags.split(",").filter((text) => text.trim() !== "")) {
    const at = pair.indexOf(":");
    if (at < 0) return `has a tag without a value: ${pair.trim()}`;
    where[bare(pair.slice(0, at))] = bare(pair.slice(at + 1));
  }
  return { metric, where, aggregate, below: operator.startsWith("<"), value: Number(value) };
}

const bare = (text: string): string => text.trim().replace(/^(["'])(.*)\1$/, "$2");

function outcomeOf(asked: Asked, metrics: readonly ScriptMetric[]): Outcome {
  switch (asked.metric) {
    case "http_req_failed":
      return shareOf(asked, (_, where) => ({ errors: { side: "client", where } }));
    case "checks": {
      const { check, ...where } = asked.where;
      return shareOf({ ...asked, where }, () => ({ checks: check === undefined ? { where } : { name: check, where } }));
    }
    case "http_req_duration":
      return percentileOf(asked, ({ value, where }) => ({ latency: { side: "client", atMost: `${value}ms`, where } }));
    case "iteration_duration":
    case "group_duration":
      return percentileOf(asked, ({ metric, value, where }) => ({ trend: { name: metric, atMost: `${value}ms`, where } }));
    case "http_reqs":
      return throughputOf(asked, "requests");
    case "iterations":
      return throughputOf(asked, "iterations");
    case "dropped_iterations":
      return "counts what k6 could not start: write throughput: { achieved: iterations } with the share that must start";
    default:
      return ownOutcome(asked, metrics);
  }
}

function ownOutcome(asked: Asked, metrics: readonly ScriptMetric[]): Outcome {
  const own = metrics.find(({ name }) => name === asked.metric);
  if (/^(http_req|ws|grpc|data|vus|browser)_/.test(asked.metric))
    return `is about ${asked.metric}, which is no objective here: requests are judged by http_req_duration and http_req_failed`;
  switch (own?.kind ?? (asked.aggregate === "rate" && asked.value < 1 ? "rate" : undefined)) {
    case "rate":
      return shareOf(asked, ({ metric, below }, where) => ({ rate: { name: metric, good: !below, where } }));
    case "trend": {
      const limit = own?.ofTimes ? `${asked.value}ms` : asked.value;
      return percentileOf(asked, ({ metric, where }) => ({ trend: { name: metric, atMost: limit, where } }));
    }
    case "counter":
      return "a count is no share of anything: write counter: { bad, total } with the counter of all these events";
    case "gauge":
      return "a gauge says how something stood last, not how often it was good";
    case undefined:
      return `what kind of metric ${asked.metric} is, and whether its values are times, is not known: write the objective by hand`;
  }
}

/** Translates a bound on a share: one from below is the target, one from above what the target leaves. */
function shareOf(asked: Asked, indicator: (asked: Asked, where: Record<string, string>) => Indicator): Outcome {
  const { aggregate, below, value, metric } = asked;
  if (aggregate !== "rate") return `compares ${aggregate} of a rate, and only its share can be an objective`;
  if (metric === "http_req_failed" && !below) return "asks for failures instead of bounding them";
  if (metric === "checks" && below) return "bounds the checks that pass from above";
  if (value <= 0 || value >= 1) return "asks for all or nothing, which no number of requests proves: state a share, such as 99.9%";
  const target = below ? Number((1 - value).toPrecision(12)) : value;
  return { target, indicator: indicator(asked, asked.where) };
}

function percentileOf(asked: Asked, indicator: (asked: Asked) => Indicator): Outcome {
  const { aggregate, below, value } = asked;
  if (!below) return "asks for slowness instead of bounding it";
  const percentile = Number(/^p\(([\d.]+)\)$/.exec(aggregate)?.[1]);
  if (!(percentile > 0 && percentile < 100)) return noShare[aggregate] ?? "is no share that can be proved: use p(95), p(99)";
  if (value <= 0) return "allows no time at all";
  return { target: Number((percentile / 100).toPrecision(12)), indicator: indicator(asked) };
}

const noShare: Readonly<Record<string, string>> = {
  avg: "bounds a mean, which hides slow requests behind quick ones: use p(95), the share that must be as quick",
  med: "bounds a median, which says nothing of the slower half: use p(95), the share that must be as quick",
  max: "bounds the one slowest, which no number of requests proves: use p(99.9), the share that must be as quick",
  min: "bounds the one quickest, which says nothing of the others: use p(95), the share that must be as quick",
  count: "counts events, which is the size of the load and no promise of the service",
  "p(100)": "bounds the one slowest, which no number of requests proves: use p(99.9), the share that must be as quick",
};

/** How many of the seconds must reach a rate that k6 only takes as a mean over the run. */
const secondsShare = 0.95;

function throughputOf({ aggregate, below, value, where }: Asked, of: "requests" | "iterations"): Outcome {
  if (aggregate !== "rate") return "counts events, which is the size of the load and no promise of the service";
  if (below) return "bounds the load from above";
  if (Object.keys(where).length > 0) return "bounds the rate of some requests only: throughput is of all";
  const note = `k6 takes the mean over the run; here ${percentText(secondsShare)} of the seconds must reach it`;
  return { target: secondsShare, indicator: { throughput: { atLeast: `${value}/s`, of } }, note };
}
