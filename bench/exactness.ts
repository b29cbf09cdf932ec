import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Report } from "../slo/report/schema.ts";
import { truthOf, worstOf } from "./binomial.ts";
import { faultyRuns, specOf, type FaultyRun } from "./exactness-runs.ts";
import { faultsOf, injectInGap, setFaults, type Injected } from "./exactness-sides.ts";
import { inRounds, row, type Bench, type Figure, type Row } from "./figure.ts";
import { runLoad } from "./overhead.ts";
import { askedOf, prometheusOf, servedBy, targetOf } from "./started.ts";

const summarySchema = z.object({
  metrics: z.object({ http_reqs: z.object({ count: z.number() }), http_req_failed: z.object({ passes: z.number() }) }),
});

/** A line of the comparison: who counted, what, and what it must be. */
type Compared = [who: string, got: unknown, want: unknown];

/** A bench with the service and the Prometheus that all runs share; URLs. */
type Trial = Bench & Record<"target" | "prometheus", string>;

/** What the three sides counted of one run; `judged` and `failed` are the service's, of the judged load alone. */
type Counts = Record<"k6" | "k6Failed" | "served" | "servedErrors" | "judged" | "failed", number>;

/** Works out from the fault counts what the report must say of each objective. */
function verdictsCompared(
  { target, slowSeconds }: FaultyRun,
  report: Report,
  { failed, wrong, slow, slowMatched }: Injected,
  judged: number,
) {
  const truths: [name: string, bad: number, total: number][] = [
    ["availability, client", failed + wrong, judged],
    ["availability, server", failed, judged],
  ];
  if (slowSeconds !== undefined) for (const side of ["client", "server"]) truths.push([`reads, ${side}`, slow, slowMatched]);
  return truths.map(([name, bad, total]): [verdict: string, Compared] => {
    const { evidence, verdict } = report.objectives.find((objective) => objective.name === name) ?? {};
    const { best, worst } = evidence ?? {};
    const truth = truthOf(bad, total, target / 100, 0.95);
    const got = [best?.bad, best?.total, worst?.bad, worst?.total, verdict];
    return [truth, [`verdict: ${name}`, got, [bad, total, bad, total, truth]]];
  });
}

/** Does one run and compares; `disturbed` says why its faults alone are not the truth. */
async function compare(bench: Trial, run: FaultyRun, name: string) {
  const { target, prometheus } = bench;
  const spec = join(bench.folder, `${name}.yaml`);
  writeFileSync(spec, specOf(run));
  await setFaults(target, []);
  const before = await servedBy(target);
  let ended = false;
  const where = ["--scenario", "smoke", "--target", target, "--prometheus", prometheus, "--spec", spec];
  const load = ["--rate", String(run.rate), "--duration", `${run.seconds}s`, "--set", "warmup=1"];
  const [{ report, folder, exitCode }, gap] = await Promise.all([
    runLoad(bench, name, [...where, ...load]).finally(() => (ended = true)),
    injectInGap(target, run.faults, before.requests, () => ended),
  ]);
  const [after, injected] = [await servedBy(target), await faultsOf(target)];
  const { metrics } = summarySchema.parse(JSON.parse(readFileSync(join(folder, "k6-summary.json"), "utf8")));
  const counts: Counts = {
    k6: metrics.http_reqs.count,
    k6Failed: metrics.http_req_failed.passes,
    served: after.requests - before.requests,
    servedErrors: after.errors - before.errors,
    judged: after.requests - gap.requests,
    failed: injected.failed,
  };
  const verdicts = verdictsCompared(run, report, injected, counts.judged);
  const verdict = worstOf(verdicts.map(([truth]) => truth));
  const compared: Compared[] = [
    ...(await countsCompared(report, prometheus, counts)),
    ...verdicts.map(([, line]) => line),
    ["verdict: run", [report.verdict, exitCode], [verdict, { met: 0, exceeded: 1, inconclusive: 3 }[verdict]]],
    ["built to be", verdict, run.built],
  ];
  return { compared, verdict, disturbed: disturbance(report, gap.atSeconds) };
}

/** Compares what k6, Prometheus, the service and the report counted; Prometheus by queries that are not those that the verdict is made from. */
async function countsCompared(report: Report, prometheus: string, counts: Counts): Promise<Compared[]> {
  const { k6, k6Failed, served, servedErrors, judged, failed } = counts;
  const held = (more: string): Promise<number> =>
    askedOf(prometheus, `sum(max_over_time(k6_http_reqs_total{testid="${report.testid}"${more}}[1h]))`);
  const { k6Requests, relayRequests, prometheusRequests, serverRequests, agrees, k6Errors, serverErrors } = report.reconciliation;
  const requests = [k6Requests, relayRequests, prometheusRequests, serverRequests];
  return [
    ["requests: Prometheus, k6", await held(""), k6],
    ["requests: service, k6", served, k6],
    ["requests: judged ones, Prometheus, service", await held(',scenario="smoke"'), judged],
    ["requests: report's k6, relay, Prometheus, service", requests, Array(4).fill(k6)],
    ["requests: report's word that they agree", agrees, true],
    ["errors: k6, faults", k6Failed, failed],
    ["errors: Prometheus, faults", await held(',expected_response="false"'), failed],
    ["errors: service, faults", servedErrors, failed],
    ["errors: report's k6, service", [k6Errors, serverErrors], [failed, failed]],
  ];
}

/** Says why the faults alone are not the truth of a run, if they are not: the machine was too busy for it. */
function disturbance({ load, phases }: Report, faultsAtSeconds: number): string | undefined {
  if (load.droppedIterations > 0) return `k6 dropped ${load.droppedIterations} iterations`;
  const judgedFrom = Math.min(...phases.filter(({ judged }) => judged).map(({ fromSeconds }) => fromSeconds));
  return faultsAtSeconds > judgedFrom ? "the faults came after the judged load had begun" : undefined;
}

/** Measures one run; a run that a busy machine disturbed is done again, twice at most. */
async function examine(bench: Trial, run: FaultyRun, name: string, attempt = 1): Promise<[wrong: Compared[], told: string]> {
  const { sentence } = run;
  const { compared, verdict, disturbed } = await compare(bench, run, `${name}-${attempt}`);
  if (disturbed !== undefined && attempt < 3) {
    bench.say(`${sentence}: ${disturbed}, so the truth is not the faults alone; again`);
    return examine(bench, run, name, attempt + 1);
  }
  const wrong = compared.filter(([, got, want]) => JSON.stringify(got) !== JSON.stringify(want));
  for (const [who, got, want] of wrong) bench.say(`${sentence}: ${who}: ${JSON.stringify(got)}, should be ${JSON.stringify(want)}`);
  return [wrong, `${sentence}: ${verdict}, ${wrong.length === 0 ? "all agree" : "NOT all agree"}`];
}

async function run(bench: Bench): Promise<Row[]> {
  const runs = bench.quick ? faultyRuns.filter((_, i) => [2, 7, 8].includes(i)) : faultyRuns;
  const target = await targetOf(bench, { FAULTS_ADMIN: "on" });
  const prometheus = await prometheusOf(bench, "prometheus", target.url);
  const trial = { ...bench, target: target.url, prometheus: prometheus.url };
  const found = await inRounds(bench, runs.length, (round) => examine(trial, runs[round - 1] as FaultyRun, `run-${round}`));
  const wrongIn = (about: string): number[] => found.map((wrong) => wrong.filter(([who]) => who.startsWith(about)).length);
  return [
    row("counts of requests that differ, a run", "count", wrongIn("requests"), 0, "worst"),
    row("counts of errors that differ, a run", "count", wrongIn("errors"), 0, "worst"),
    row("verdicts that are not the truth, a run", "count", wrongIn("verdict"), 0, "worst"),
    row("runs that did not become what they were built to be", "count", wrongIn("built")),
  ];
}

/** Compares, over ten runs with seeded faults, what k6, Prometheus and the service counted, and the verdict with the truth. */
export const exactness: Figure = { name: "exactness", what: "counts and verdicts of ten runs with faults against the truth", run };
