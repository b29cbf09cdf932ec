import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Report } from "../slo/report/schema.ts";
import { reportSchema } from "../target/faults/admin.ts";
import { truthOf, worstOf } from "./binomial.fixture.ts";
import { faultyRuns, specOf, type FaultyRun } from "./exactness-runs.fixture.ts";
import { inRounds, row, type Bench, type Row } from "./figure.fixture.ts";
import { measure } from "./measure.fixture.ts";
import { askedOf, prometheusOf, runLoad, servedBy, targetOf } from "./started.fixture.ts";

/** The buckets that setup writes before the warm-up. */
const seeds = 100;
/** The warm-up sends at least 12 requests a second, and the gap after it is quiet for 1.5 s or more. */
const quietSeconds = 0.6;

const summarySchema = z.object({
  metrics: z.object({ http_reqs: z.object({ count: z.number() }), http_req_failed: z.object({ passes: z.number() }) }),
});

/** A line of the comparison: who counted, what, and what it must be. */
type Compared = [who: string, got: unknown, want: unknown];

/** A bench with the service and the Prometheus that all runs share; URLs. */
type Trial = Bench & Record<"target" | "prometheus", string>;

/** Reads what the storage API says that it did wrong: by kind, and reads that it was asked for where a rule watched them. */
async function injectedBy(target: string) {
  const { rules } = reportSchema.parse(await (await fetch(`${target}/admin/faults`)).json());
  const sum = (count: "matched" | "injected", ...kinds: string[]): number =>
    rules.reduce((all, rule) => (kinds.includes(rule.rule.kind) ? all + rule[count] : all), 0);
  return {
    failed: sum("injected", "error", "drop", "delete-answers-500"),
    wrong: sum("injected", "wrong-contents"),
    slow: sum("injected", "latency"),
    slowMatched: sum("matched", "latency"),
  };
}

/** Replaces the faults; their counts start at zero. */
async function setFaults(target: string, rules: readonly object[]): Promise<void> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${target}/admin/faults`, { method: "PUT", headers, body: JSON.stringify({ rules }) });
  if (!answer.ok) throw new Error(`the faults were refused: ${await answer.text()}`);
}

/** Waits for the quiet gap between warm-up and judged load, sets the faults in it, and gives when, and what the service had counted until then. */
async function injectInGap(target: string, rules: readonly object[], since: number, ended: () => boolean) {
  let [count, quietSince] = [since, performance.now()];
  while (!ended()) {
    const { requests } = await servedBy(target);
    if (requests !== count) quietSince = performance.now();
    count = requests;
    if (count > since + seeds && performance.now() - quietSince > quietSeconds * 1000) {
      await setFaults(target, rules);
      return { requests: count, atSeconds: Date.now() / 1000 };
    }
    await sleep(50);
  }
  throw new Error("the run ended before the gap between its warm-up and its judged load was seen");
}

/** Works out from the fault counts what the report must say of each objective, and of the run. */
function verdictsCompared(
  run: FaultyRun,
  report: Report,
  exitCode: number | null,
  injected: Awaited<ReturnType<typeof injectedBy>>,
  judged: number,
) {
  const { failed, wrong, slow, slowMatched } = injected;
  const objectives: [name: string, bad: number, total: number][] = [
    ["availability, client", failed + wrong, judged],
    ["availability, server", failed, judged],
  ];
  if (run.slowSeconds !== undefined) for (const side of ["client", "server"]) objectives.push([`reads, ${side}`, slow, slowMatched]);
  const truths = objectives.map(([, bad, total]) => truthOf(bad, total, run.target / 100, 0.95));
  const compared = objectives.map(([name, bad, total], i): Compared => {
    const { evidence, verdict } = report.objectives.find((objective) => objective.name === name) ?? {};
    const { best, worst } = evidence ?? {};
    return [`verdict: ${name}`, [best?.bad, best?.total, worst?.bad, worst?.total, verdict], [bad, total, bad, total, truths[i]]];
  });
  const verdict = worstOf(truths);
  compared.push(["verdict: run", [report.verdict, exitCode], [verdict, { met: 0, exceeded: 1, inconclusive: 3 }[verdict]]]);
  compared.push(["built to be", verdict, run.built]);
  return { compared, verdict };
}

/** Does one run and compares what k6, Prometheus (by queries that are not the verdict's), the service and the report counted; `disturbed` says why its faults alone are not the truth. */
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
  const [after, injected] = [await servedBy(target), await injectedBy(target)];
  const summary = summarySchema.parse(JSON.parse(readFileSync(join(folder, "k6-summary.json"), "utf8"))).metrics;
  const [k6, judged, { failed }] = [summary.http_reqs.count, after.requests - gap.requests, injected];
  const held = (more: string): Promise<number> =>
    askedOf(prometheus, `sum(max_over_time(k6_http_reqs_total{testid="${report.testid}"${more}}[1h]))`);
  const { k6Requests, relayRequests, prometheusRequests, serverRequests, agrees, k6Errors, serverErrors } = report.reconciliation;
  const verdicts = verdictsCompared(run, report, exitCode, injected, judged);
  const compared: Compared[] = [
    ["requests: Prometheus, k6", await held(""), k6],
    ["requests: service, k6", after.requests - before.requests, k6],
    ["requests: judged ones, Prometheus, service", await held(',scenario="smoke"'), judged],
    [
      "requests: report's k6, relay, Prometheus, service",
      [k6Requests, relayRequests, prometheusRequests, serverRequests],
      Array(4).fill(k6),
    ],
    ["requests: report's word that they agree", agrees, true],
    ["errors: k6, faults", summary.http_req_failed.passes, failed],
    ["errors: Prometheus, faults", await held(',expected_response="false"'), failed],
    ["errors: service, faults", after.errors - before.errors, failed],
    ["errors: report's k6, service", [k6Errors, serverErrors], [failed, failed]],
    ...verdicts.compared,
  ];
  return { compared, verdict: verdicts.verdict, disturbed: disturbance(report, gap.atSeconds) };
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

measure("counts and verdicts of ten runs with faults against the truth", run);
