import { lookbackSeconds, medianDistance } from "../collect/guard.ts";
import { answerOf, type PrometheusApi, querySamples, queryVector } from "../collect/prometheus.ts";
import { jobsOf } from "../collect/server.ts";
import { valuesOfLabel } from "../compile/counters.ts";
import { compileObjectives, type ObjectiveQueries } from "../compile/objectives.ts";
import { selector } from "../compile/promql.ts";
import { serviceQueries } from "../compile/run.ts";
import type { Plan } from "../run/plan.ts";
import { scrapeLabels, scrapeMetrics } from "../spec/names.ts";
import { requestsAsked } from "../spec/side.ts";
import type { Objective, Spec, Where } from "../spec/spec.ts";
import { neverSent, provableBy } from "./planned.ts";
import { type Looked, type Present, presentOf, shortList } from "./present.ts";

/** Whose series are looked at, and which load is planned; without a plan, how many requests will come is not known. */
interface Asked {
  api: PrometheusApi;
  /** On Prometheus's clock. */
  atSeconds: number;
  spec: Spec;
  serverLabels: Where;
  plan: Plan | undefined;
  slowCounted: boolean;
}

export type Outlook = Awaited<ReturnType<typeof outlookOf>>;

/** Looks at what each objective would read now, and whether the planned load can prove it. */
export async function outlookOf(asked: Asked) {
  const { api, atSeconds, spec, serverLabels, plan } = asked;
  const routes = [...new Set(plan?.mix.map(({ route }) => route))];
  const compiled = compileObjectives(spec, { testid: "none", server: serverLabels, routes }, asked.slowCounted);
  const queries = compiled.kind === "compiled" ? compiled.queries : [];
  const own = await scrapedNow(api, atSeconds, serverLabels);
  const { labels } = spec.metrics;
  const shownLabels = [labels.method, labels.route, labels.status].filter((label) => label !== undefined);
  const service = { labels: serverLabels, isScraped: own.isScraped };
  const objectives = await Promise.all(
    spec.objectives.map(async (objective) => {
      const never = plan && neverSent(objective, plan);
      const query = queries.find((one) => one.objective === objective.name);
      const present = await lookAt({ api, atSeconds, service, shownLabels, meant: meantBy(objective, spec.metrics) }, query);
      const proof = provableBy(objective, spec, plan).text;
      const { state, lines } = never === undefined ? present : { state: "impossible" as const, lines: [never, ...present.lines] };
      return { name: objective.name, state, lines, proof };
    }),
  );
  const jobs = await Promise.all(
    queries.map(async (query) => (query.kind === "server" ? jobsOf(api, query, lookbackSeconds, atSeconds) : [])),
  );
  const others = [...new Set(jobs.flat())].filter((job) => job !== serverLabels[scrapeLabels.job]);
  const lines = await Promise.all(others.map(async (job) => (await scrapedNow(api, atSeconds, { [scrapeLabels.job]: job })).line));
  return { objectives, services: queries.some(({ kind }) => kind === "server") ? [own.line, ...lines] : [] };
}

function meantBy({ indicator }: Objective, { labels }: Spec["metrics"]): Where {
  const own: Readonly<Record<string, string | undefined>> = labels;
  return Object.fromEntries(Object.entries(requestsAsked(indicator) ?? {}).map(([label, value]) => [own[label] ?? label, value]));
}

async function lookAt(looked: Looked, query: ObjectiveQueries | undefined): Promise<Present> {
  if (query === undefined) return { state: "unreadable", lines: [] };
  switch (query.kind) {
    case "client":
    case "seconds":
      return { state: "readable", lines: ["counted by k6 during the load"] };
    case "server": {
      const present = await presentOf(looked, query);
      if (present.kind === "failed") return { state: "unknown", lines: [`could not be asked: ${present.reason}`] };
      const unscraped = query.countsRequests && !looked.service.isScraped;
      return unscraped && present.value.state === "unknown" ? { ...present.value, state: "unreadable" } : present.value;
    }
  }
}

async function scrapedNow(api: PrometheusApi, atSeconds: number, labels: Where): Promise<{ isScraped: boolean; line: string }> {
  const service = serviceQueries(labels);
  const found = await answerOf(() => querySamples(api, service.scraped(lookbackSeconds), atSeconds));
  if (found.kind === "failed") return { isScraped: false, line: `whether ${service.shown} is scraped is not known: ${found.reason}` };
  const named = (up: number): string[] =>
    found.value.flatMap(({ labels, points }) => (points.at(-1)?.value === up ? [labels[scrapeLabels.instance] ?? "?"] : []));
  const [answering, silent] = [named(1), named(0)];
  const distances = found.value.flatMap(({ points }) => medianDistance(points) ?? []);
  const often =
    distances.length === 0 ? "once so far" : `every ${Math.max(...distances).toLocaleString("en-US", { maximumFractionDigits: 2 })} s`;
  const down = silent.length === 0 ? "" : `; not answering: ${shortList(silent)}`;
  if (answering.length > 0) return { isScraped: true, line: `${service.shown} is scraped ${often}: ${shortList(answering)}${down}` };
  const jobsNow = valuesOfLabel(selector(scrapeMetrics.up, []), scrapeLabels.job)(lookbackSeconds);
  const jobs = await answerOf(() => queryVector(api, jobsNow, atSeconds));
  const known = jobs.kind === "answer" ? jobs.value.map((one) => one.labels[scrapeLabels.job] ?? "") : [];
  const there = known.length === 0 ? "" : `; jobs that are: ${shortList(known.toSorted())} (choose with --server-label)`;
  return { isScraped: false, line: `no service with ${service.shown} is scraped${down}${there}` };
}
