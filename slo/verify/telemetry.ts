import { linesPath, readLines } from "../collect/log-lines.ts";
import { findTraces, readTraces, type Span, type TelemetryApi } from "../collect/traces.ts";
import { maskedValue, maskSecrets } from "../host/mask-secrets.ts";
import { waitFor } from "../host/wait.ts";
import { overRepresentedAttributes } from "../judge/attributes.ts";
import { complement } from "../judge/clopper-pearson.ts";
import type { Report } from "../report/schema.ts";

/** Where traces (Jaeger's query service) and logs (Loki) can be asked for. */
export interface TelemetryAddresses {
  traces: string | undefined;
  logs: string | undefined;
}
type Sample = NonNullable<Report["samples"]>[number];
type Attributes = NonNullable<Report["attributes"]>;

interface Asking {
  fetch: typeof fetch;
  say: (line: string) => void;
  /** A collector decides some seconds after a trace's end whether it keeps it: so long are those waited for that are missing. */
  limitSeconds: number;
}

/** How many requests are looked up, of how many routes good ones are compared, and how many of those, and how many attributes are told of one. */
const most = { samples: 100, routes: 3, good: 160, told: 5 };
/** How much of a sample is kept, and of how long a text: looking for secrets in what is longer takes too long. */
const kept = { spans: 3, lines: 3, attributes: 24, characters: 500, looked: 2_000 };
const slackSeconds = 60;
const compareSeconds = 5;

/** Puts spans and log lines beside sampled requests, and what those of bad ones say more often. After the verdict, it changes nothing of it; what cannot be read in time is a note. */
export async function withTelemetry(report: Report, { traces, logs }: TelemetryAddresses, { fetch: get, say, limitSeconds }: Asking) {
  const samples = report.samples ?? [];
  const traced = samples.filter(({ traceId }) => /^[\da-f]{32}$/.test(traceId)); // one that is none, and neither store answers for the others
  // Of many, some of all the time: those that are compared must be no choice of ours.
  const wanted = traced.filter((_, at) => at % Math.ceil(traced.length / most.samples) === 0);
  if (wanted.length === 0 || (traces ?? logs) === undefined) return report;
  say("looking up traces and logs of failing requests");
  const until = performance.now() + limitSeconds * 1000;
  const apiOf = (url: string, moreSeconds = 0): TelemetryApi => ({ url, fetch: get, until: until + moreSeconds * 1000 });
  const times = wanted.map(({ atSeconds }) => atSeconds);
  const span = [Math.min(...times) - slackSeconds, Math.max(...times) + slackSeconds] as const;
  const [spans, lines] = await Promise.all([
    traces === undefined ? undefined : lookUp("traces", idsOf(wanted), until, (ids) => readTraces(apiOf(traces), ids)),
    logs === undefined ? undefined : lookUp("log lines", idsOf(wanted), until, (ids) => readLines(apiOf(logs), report.service, ids, span)),
  ]);
  const compared = traces && spans ? await compare(report, wanted, spans.found, apiOf(traces, compareSeconds)) : undefined;
  const shown = samples.map((sample) => shownSample(sample, report, { traces, logs }, spans?.found, lines?.found));
  const notes = [...report.notes, ...(spans?.notes ?? []), ...(lines?.notes ?? []), ...(compared?.notes ?? [])];
  return { ...report, ...(compared && { attributes: compared.attributes }), samples: shown, notes };
}

/** Asks again for what is missing, until all is there or the time is over. */
async function lookUp<T>(
  what: string,
  ids: readonly string[],
  until: number,
  ask: (ids: readonly string[]) => Promise<{ kind: "answer"; value: Map<string, T> } | { kind: "failed"; reason: string }>,
) {
  const found = new Map<string, T>();
  let [reason, isAnswered] = ["", false];
  await waitFor(
    async () => {
      const answer = await ask(ids.filter((id) => !found.has(id)));
      if (answer.kind === "failed") {
        if (!isAnswered) reason = short(answer.reason);
        return true;
      }
      isAnswered = true;
      for (const [id, value] of answer.value) if (ids.includes(id)) found.set(id, value);
      return found.size >= ids.length ? true : undefined;
    },
    (until - performance.now()) / 1000,
    500,
    2_000,
  );
  const missing = `${what} of ${ids.length - found.size} of ${ids.length} sampled requests were not found`;
  return { found, notes: found.size >= ids.length ? [] : [reason === "" ? missing : `${missing}: ${reason}`] };
}

const idsOf = (samples: readonly Sample[]): string[] => [...new Set(samples.map(({ traceId }) => traceId))];
const short = (text: string): string => maskSecrets(text.slice(0, kept.looked)).slice(0, kept.characters);
function shownPair({ key, value }: { key: string; value: string }) {
  const name = key.slice(-80);
  return { key: name, value: maskedValue(name, value.slice(0, kept.looked)).slice(0, kept.characters) };
}

function shownSpan({ traceId: _, service, name, attributes, ...span }: Span) {
  const first = Object.entries(attributes).slice(0, kept.attributes);
  const shown = first.map(([key, value]) => shownPair({ key, value }));
  return { ...span, service: short(service), name: short(name), attributes: Object.fromEntries(shown.map((one) => [one.key, one.value])) };
}

function shownSample(
  sample: Sample,
  report: Report,
  { traces, logs }: TelemetryAddresses,
  spans?: Map<string, Span[]>,
  lines?: Map<string, string[]>,
): Sample {
  const { traceId, atSeconds, log } = sample;
  if (traceId === "") return sample;
  const path = linesPath(report.service, [traceId], atSeconds - slackSeconds, atSeconds + slackSeconds);
  return {
    ...sample,
    ...(spans === undefined ? {} : { spans: (spans.get(traceId) ?? []).slice(0, kept.spans).map(shownSpan) }),
    log: log.length > 0 ? log : (lines?.get(traceId) ?? []).slice(0, kept.lines).map(short),
    ...(traces === undefined ? {} : { traceUrl: `${traces}/trace/${traceId}` }),
    ...(logs === undefined ? {} : { logUrl: `${logs}${path}` }),
  };
}

/** Compares, route by route, the sampled requests with good ones of the same time and load; slow ones by themselves, for they need not be bad for what the others are. */
async function compare(report: Report, samples: readonly Sample[], found: Map<string, Span[]>, api: TelemetryApi) {
  const judged = report.phases.filter((phase) => phase.judged);
  const fromSeconds = Math.min(...judged.map((phase) => phase.fromSeconds));
  const toSeconds = Math.max(...judged.map((phase) => phase.toSeconds));
  const times = { fromSeconds, toSeconds, atMost: most.good };
  const known = new Set(idsOf(samples));
  const compared: Attributes = [];
  let alone = 0;
  const routes = [...Map.groupBy(samples, ({ method, route }) => `${method} ${route}`)].toSorted(([, a], [, b]) => b.length - a.length);
  const looked = routes.slice(0, most.routes).map(([operation, own]) => ({ operation, own, kinds: [...Map.groupBy(own, isSlow)] }));
  const comparisons = looked.flatMap(({ kinds }) => kinds).length;
  const alpha = complement(report.confidence) / comparisons;
  for (const { operation, own, kinds } of looked) {
    if (tracesOf(own, found).length === 0 || judged.length === 0) continue;
    const isGood = goodUnlike(own, found);
    const goodOf = async (of: string | undefined): Promise<Span[][]> => {
      const search = { service: report.service, operation: of, attributes: { "plimsoll.testid": report.testid }, ...times };
      const others = await findTraces(api, search);
      return others.kind === "failed" ? [] : [...others.value].flatMap(([id, spans]) => (known.has(id) || !isGood(spans) ? [] : [spans]));
    };
    const ofRoute = await goodOf(operation);
    // A route whose requests are all bad is compared with the others.
    const good = ofRoute.length > 0 ? ofRoute : await goodOf(undefined);
    if (good.length === 0) alone += 1;
    for (const [slow, some] of kinds) {
      const told = overRepresentedAttributes(tracesOf(some, found), good, alpha, ofRoute.length > 0).slice(0, most.told);
      const named = { operation, ...(slow && { slow }) };
      compared.push(...told.map((one) => ({ ...named, ...one, span: short(one.span), ...shownPair(one), p: one.p * comparisons })));
    }
  }
  const lacking = `no traces of good requests were found to compare the bad ones of ${alone} of ${looked.length} routes with: none was good, or the service's spans lack the attribute plimsoll.testid`;
  return { attributes: compared, notes: alone > 0 ? [lacking] : [] };
}

const isSlow = ({ kind }: Sample): boolean => kind === "slow";
const tracesOf = (samples: readonly Sample[], found: Map<string, Span[]>): Span[][] =>
  idsOf(samples).flatMap((id) => [found.get(id) ?? []].filter((spans) => spans.length > 0));

/** A request that the service called an error, that it answered as a failed one, or that took as long as a slow one, may have been bad without having been sampled. */
function goodUnlike(samples: readonly Sample[], found: Map<string, Span[]>): (spans: readonly Span[]) => boolean {
  const slow = samples.filter(isSlow).flatMap(({ traceId }) => found.get(traceId)?.[0]?.durationSeconds ?? []);
  const least = Math.min(...slow);
  const statuses = new Set(samples.filter(({ kind }) => kind === "answer").map(({ status }) => String(status)));
  return (spans) =>
    !statuses.has(spans[0]?.attributes["http.response.status_code"] ?? "") &&
    spans.every(({ isError, durationSeconds }) => !isError && durationSeconds < least);
}
