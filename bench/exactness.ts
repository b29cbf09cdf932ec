import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Report } from "../slo/report/schema.ts";
import { truthOf, worstOf } from "./binomial.ts";
import { faultyRuns, specOf, type FaultyRun } from "./exactness-runs.ts";
import type { Bench, Figure, Row } from "./figure.ts";
import { runLoad } from "./overhead.ts";
import { faultsOf, heldBy, injectInGap, servedBy, setFaults, type Injected } from "./exactness-sides.ts";
import { prometheusOf, stop, targetOf, type Part } from "./started.ts";

const summarySchema = z.object({
  metrics: z.object({ http_reqs: z.object({ count: z.number() }), http_req_failed: z.object({ passes: z.number() }) }),
});
/** Is a line of the comparison: who counted, what, and what it must be. */
type Compared = [who: string, got: unknown, want: unknown];

function verdictOf(report: Report, name: string): Compared[1] {
  const row = report.objectives.find((objective) => objective.name === name);
  const { best, worst } = row?.evidence ?? {};
  return [best?.bad, best?.total, worst?.bad, worst?.total, row?.verdict];
}

/** Works out from the fault counts what the report must say of each objective. */
function truths(
  { target, slowSeconds }: FaultyRun,
  injected: Injected,
  judged: number,
  reads: number,
): Record<string, { bad: number; total: number; verdict: string }> {
  const truth = (bad: number, total: number) => ({ bad, total, verdict: truthOf(bad, total, target / 100, 0.95) });
  return {
    "availability, client": truth(injected.failed + injected.wrong, judged),
    "availability, server": truth(injected.failed, judged),
    ...(slowSeconds === undefined ? {} : { "reads, client": truth(injected.slow, reads), "reads, server": truth(injected.slow, reads) }),
  };
}

async function compare(
  bench: Bench,
  run: FaultyRun,
  name: string,
  target: Part,
  prometheus: Part,
): Promise<{ compared: Compared[]; verdict: string; disturbed: string | undefined }> {
  const spec = join(bench.folder, `${name}.yaml`);
  writeFileSync(spec, specOf(run));
  await setFaults(target.url, []);
  const before = await servedBy(target.url);
  let ended = false;
  const running = runLoad(bench, name, [
    ...["--scenario", "smoke", "--target", target.url, "--prometheus", prometheus.url, "--spec", spec],
    ...["--rate", String(run.rate), "--duration", `${run.seconds}s`, "--set", "warmup=1"],
  ]).finally(() => (ended = true));
  const [{ report, folder, exitCode }, gap] = await Promise.all([
    running,
    injectInGap(target.url, run.faults, before.requests, () => ended),
  ]);
  const after = await servedBy(target.url);
  const injected = await faultsOf(target.url);
  const { metrics } = summarySchema.parse(JSON.parse(readFileSync(join(folder, "k6-summary.json"), "utf8")));
  const judged = after.requests - gap.requests;
  const truth = truths(run, injected, judged, injected.slowMatched);
  const verdict = worstOf(Object.values(truth).map(({ verdict }) => verdict));
  const k6 = { requests: metrics.http_reqs.count, failed: metrics.http_req_failed.passes };
  const served = { requests: after.requests - before.requests, errors: after.errors - before.errors };
  const compared: Compared[] = [
    ...(await countsCompared(report, prometheus.url, { k6, served, judged, failed: injected.failed })),
    ...Object.entries(truth).map(([objective, { bad, total, verdict }]): Compared => [
      `verdict: ${objective}`,
      verdictOf(report, objective),
      [bad, total, bad, total, verdict],
    ]),
    ["verdict: run", [report.verdict, exitCode], [verdict, { met: 0, exceeded: 1, inconclusive: 3 }[verdict]]],
    ["built to be", verdict, run.built],
  ];
  return { compared, verdict, disturbed: disturbance(report, gap.atSeconds) };
}

interface Counts {
  k6: { requests: number; failed: number };
  served: { requests: number; errors: number };
  /** Requests of the judged load, and failures that were injected into it. */
  judged: number;
  failed: number;
}

/** Compares what k6, Prometheus, the service and the report counted. */
async function countsCompared(report: Report, prometheus: string, { k6, served, judged, failed }: Counts): Promise<Compared[]> {
  const held = (more: string): Promise<number> => heldBy(prometheus, `{testid="${report.testid}"${more}}`);
  return [
    ["requests: Prometheus, k6", await held(""), k6.requests],
    ["requests: service, k6", served.requests, k6.requests],
    ["requests: judged ones, Prometheus, service", await held(',scenario="smoke"'), judged],
    ["errors: k6, faults", k6.failed, failed],
    ["errors: Prometheus, faults", await held(',expected_response="false"'), failed],
    ["errors: service, faults", served.errors, failed],
    ...reported(report, k6.requests, failed),
  ];
}

/** Compares what the report says of each side with what k6 sent and the service did wrong. */
function reported({ reconciliation: r }: Report, requests: number, failed: number): Compared[] {
  return [
    [
      "requests: report's k6, relay, Prometheus, service",
      [r.k6Requests, r.relayRequests, r.prometheusRequests, r.serverRequests],
      Array(4).fill(requests),
    ],
    ["requests: report's word that they agree", r.agrees, true],
    ["errors: report's k6, service", [r.k6Errors, r.serverErrors], [failed, failed]],
  ];
}

/** Says why the faults alone are not the truth of a run, if they are not: the machine was too busy for it. */
function disturbance({ load, phases }: Report, faultsAtSeconds: number): string | undefined {
  if (load.droppedIterations > 0) return `k6 dropped ${load.droppedIterations} iterations`;
  const judgedFrom = Math.min(...phases.filter(({ judged }) => judged).map(({ fromSeconds }) => fromSeconds));
  return faultsAtSeconds > judgedFrom ? "the faults came after the judged load had begun" : undefined;
}

/** Measures one run; a run that a busy machine disturbed is done again, twice at most. */
async function examine(
  bench: Bench,
  run: FaultyRun,
  name: string,
  target: Part,
  prometheus: Part,
): Promise<{ wrong: Compared[]; verdict: string }> {
  for (let attempt = 1; ; attempt += 1) {
    const { compared, verdict, disturbed } = await compare(bench, run, `${name}-${attempt}`, target, prometheus);
    if (disturbed !== undefined && attempt < 3) {
      bench.say(`${run.sentence}: ${disturbed}, so the truth is not the faults alone; again`);
      continue;
    }
    const wrong = compared.filter(([, got, want]) => JSON.stringify(got) !== JSON.stringify(want));
    for (const [who, got, want] of wrong) bench.say(`${run.sentence}: ${who}: ${JSON.stringify(got)}, should be ${JSON.stringify(want)}`);
    return { wrong, verdict };
  }
}

async function run(bench: Bench): Promise<Row[]> {
  const runs = bench.quick ? faultyRuns.filter((_, i) => [2, 7, 8].includes(i)) : faultyRuns;
  const target = await targetOf(bench, { FAULTS_ADMIN: "on" });
  const prometheus = await prometheusOf(bench, "prometheus", target.url);
  const found: { wrong: Compared[]; verdict: string }[] = [];
  for (const [i, one] of runs.entries()) {
    const result = await examine(bench, one, `run-${i + 1}`, target, prometheus);
    found.push(result);
    bench.say(
      `${i + 1} of ${runs.length}: ${one.sentence}: ${result.verdict}, ${result.wrong.length === 0 ? "all agree" : "NOT all agree"}`,
    );
  }
  for (const part of [target, prometheus]) await stop(part);
  const wrongIn = (about: string): number[] => found.map(({ wrong }) => wrong.filter(([who]) => who.startsWith(about)).length);
  const goal = { atMost: 0, by: "worst" } as const;
  return [
    { what: "counts of requests that differ, a run", unit: "count", values: wrongIn("requests"), goal },
    { what: "counts of errors that differ, a run", unit: "count", values: wrongIn("errors"), goal },
    { what: "verdicts that are not the truth, a run", unit: "count", values: wrongIn("verdict"), goal },
    { what: "runs that did not become what they were built to be", unit: "count", values: wrongIn("built") },
  ];
}

/** Compares, over ten runs with seeded faults, what k6, Prometheus and the service counted, and the verdict with the truth. */
export const exactness: Figure = { name: "exactness", what: "counts and verdicts of ten runs with faults against the truth", run };
