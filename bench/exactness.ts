import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Report } from "../slo/report/schema.ts";
import { truthOf, worstOf } from "./binomial.ts";
import { faultyRuns, specOf, type FaultyRun } from "./exactness-runs.ts";
import type { Bench, Figure, Row } from "./figure.ts";
import { runLoad } from "./overhead.ts";
import { prometheusOf, stop, targetOf, type Part } from "./started.ts";

/** The buckets that setup writes before anything is judged. */
const seeds = 100;

const reportSchema = z.object({
  rules: z.array(z.object({ rule: z.object({ kind: z.string() }), matched: z.number(), injected: z.number() })),
});
const summarySchema = z.object({
  metrics: z.object({ http_reqs: z.object({ count: z.number() }), http_req_failed: z.object({ passes: z.number() }) }),
});
const answerSchema = z.object({ data: z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })) }) });

/** Is what the storage API says that it did wrong: by kind, and reads that it was asked for where a rule watched them. */
interface Injected {
  failed: number;
  wrong: number;
  slow: number;
  slowMatched: number;
}

async function faultsOf(target: string): Promise<Injected> {
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

async function setFaults(target: string, rules: readonly object[]): Promise<void> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${target}/admin/faults`, { method: "PUT", headers, body: JSON.stringify({ rules }) });
  if (!answer.ok) throw new Error(`the faults were refused: ${await answer.text()}`);
}

/** Counts what the service answered below /api/, by its own counters: all, and failed (5xx, 599 for a connection that it cut). */
async function servedBy(target: string): Promise<{ requests: number; errors: number }> {
  const text = await (await fetch(`${target}/metrics`)).text();
  const counts = [...text.matchAll(/^http_request_duration_seconds_count\{(.*)\} (\d+)$/gm)].filter(([, labels = ""]) =>
    labels.includes('route="/api/'),
  );
  const sum = (of: typeof counts): number => of.reduce((all, [, , count]) => all + Number(count), 0);
  return { requests: sum(counts), errors: sum(counts.filter(([, labels = ""]) => /status_code="5\d\d"/.test(labels))) };
}

/** Asks Prometheus by a query of this bench's own, not by the ones that the verdict is made from. */
async function heldBy(prometheus: string, selector: string): Promise<number> {
  const query = `sum(max_over_time(k6_http_reqs_total${selector}[1h]))`;
  const answer = answerSchema.parse(await (await fetch(`${prometheus}/api/v1/query?query=${encodeURIComponent(query)}`)).json());
  return Number(answer.data.result[0]?.value[1] ?? 0);
}

/** Is a line of the comparison: who counted, and whether that is what it must be. */
type Compared = [who: string, got: unknown, want: unknown];

function verdictOf(report: Report, name: string): Compared[1] {
  const row = report.objectives.find((objective) => objective.name === name);
  return row === undefined ? "absent" : `${row.evidence?.best.bad}/${row.evidence?.best.total} ${row.verdict}`;
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
    // There is no warm-up, so no quiet gap: the service's side holds the seeds as well, and the report says so.
    "availability, server": truth(injected.failed, judged + seeds),
    ...(slowSeconds === undefined ? {} : { "reads, client": truth(injected.slow, reads), "reads, server": truth(injected.slow, reads) }),
  };
}

async function compare(
  bench: Bench,
  run: FaultyRun,
  name: string,
  target: Part,
  prometheus: Part,
): Promise<{ compared: Compared[]; verdict: string; lost: number }> {
  const spec = join(bench.folder, `${name}.yaml`);
  writeFileSync(spec, specOf(run));
  await setFaults(target.url, run.faults);
  const before = await servedBy(target.url);
  const { report, folder, exitCode } = await runLoad(bench, name, [
    ...["--scenario", "smoke", "--target", target.url, "--prometheus", prometheus.url, "--spec", spec],
    ...["--rate", String(run.rate), "--duration", `${run.seconds}s`, "--set", "warmup=0"],
  ]);
  const after = await servedBy(target.url);
  const injected = await faultsOf(target.url);
  const { metrics } = summarySchema.parse(JSON.parse(readFileSync(join(folder, "k6-summary.json"), "utf8")));
  const [all, failed] = [`{testid="${report.testid}"}`, `{testid="${report.testid}",expected_response="false"}`];
  const requests = metrics.http_reqs.count;
  const truth = truths(run, injected, requests - seeds, injected.slowMatched);
  const verdict = worstOf(Object.values(truth).map(({ verdict }) => verdict));
  const { reconciliation } = report;
  const compared: Compared[] = [
    ["requests: Prometheus, k6", await heldBy(prometheus.url, all), requests],
    ["requests: service, k6", after.requests - before.requests, requests],
    [
      "requests: report (k6, relay, Prometheus, service), k6",
      [reconciliation.k6Requests, reconciliation.relayRequests, reconciliation.prometheusRequests, reconciliation.serverRequests],
      [requests, requests, requests, requests],
    ],
    ["errors: k6, faults", metrics.http_req_failed.passes, injected.failed],
    ["errors: Prometheus, faults", await heldBy(prometheus.url, failed), injected.failed],
    ["errors: service, faults", after.errors - before.errors, injected.failed],
    ["errors: report (k6, service), faults", [reconciliation.k6Errors, reconciliation.serverErrors], [injected.failed, injected.failed]],
    ...Object.entries(truth).map(([objective, { bad, total, verdict }]): Compared => [
      `verdict: ${objective}`,
      verdictOf(report, objective),
      `${bad}/${total} ${verdict}`,
    ]),
    ["verdict: run", [report.verdict, exitCode], [verdict, { met: 0, exceeded: 1, inconclusive: 3 }[verdict]]],
    ["built to be", verdict, run.built],
  ];
  return { compared, verdict, lost: report.load.droppedIterations };
}

/** Measures one run; a run in which k6 had to drop iterations (a machine too busy for 100 requests a second) is done again, twice at most. */
async function examine(
  bench: Bench,
  run: FaultyRun,
  name: string,
  target: Part,
  prometheus: Part,
): Promise<{ wrong: Compared[]; verdict: string }> {
  for (let attempt = 1; ; attempt += 1) {
    const { compared, verdict, lost } = await compare(bench, run, `${name}-${attempt}`, target, prometheus);
    if (lost > 0 && attempt < 3) {
      bench.say(`${run.sentence}: k6 dropped ${lost} iterations, so the truth is not the faults alone; again`);
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
