import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";

const labels = z.record(z.string(), z.string()).default({});

/** A rule of the service's own faults; what leaks so many bytes a second leaks less with each request where there are more of them. */
const rule = z.looseObject({ kind: z.string(), bytesASecond: z.number().optional() });
const rules = z.array(rule).transform(
  (all) =>
    (rate: number): object[] =>
      all.map(({ bytesASecond, ...each }) => (bytesASecond === undefined ? each : { ...each, bytes: Math.round(bytesASecond / rate) })),
);

/** What must name a fault, each found by a query of its own. Labels, tags and attributes are those that the answer must have. */
const signs = z.strictObject({
  /** An objective that the gate must find exceeded; one of these. */
  objectives: z.array(z.string()),
  alert: z.strictObject({ name: z.string(), labels }),
  /** A trace of the run is searched by these tags and this duration; the guilty span in it has the attributes, and at least the duration. */
  trace: z.strictObject({ tags: labels, attributes: labels, atLeastSeconds: z.number().default(0) }),
  /** LogQL behind the stream of the service; `$testid` is the run's. */
  log: z.string(),
  /** The query A of a panel in deploy/grafana/dashboards/target.json, what is asked of its value, and the labels of the series that shows it. */
  panel: z.strictObject({ title: z.string(), test: z.string(), labels }),
});
export type Signs = z.infer<typeof signs>;

/** One bad day, and what must name it. */
const drill = z.strictObject({
  sentence: z.string(),
  fault: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("rules"), rules }),
    z.strictObject({ kind: z.literal("scaledToZero"), workload: z.string() }),
  ]),
  /** What a pod of the service has in its status once the fault did its work, and the least seconds of load in which it must come to that. */
  mustHappen: z.strictObject({ status: z.string(), withinSeconds: z.number() }).optional(),
  signs,
});
export type Drill = z.infer<typeof drill>;

/** Every drill but the calm one. */
export const drills = z.record(z.string(), drill).parse(parse(readFileSync(new URL("drills.yaml", import.meta.url), "utf8")));
