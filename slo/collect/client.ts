import type { ClientQueries } from "../compile/client.ts";
import { countedByHistogram, type ClientCounted } from "./histogram.ts";
import { mostUnserved, type CumulativePoint, type Measurement, type Queries, type Unserved } from "./measurement.ts";
import { measurePhase } from "./phase.ts";
import { endedWith, readerOf, readOverTime, wholeCount, type Reader, type Span } from "./points.ts";
import { answerOf, Unreadable, type PrometheusApi, type Series } from "./prometheus.ts";
import { assertSharesAgree } from "./shares.ts";
import { certainDrops, excuseStarved, pushSeconds, type CpuShortage, type DropCause } from "./starved.ts";
import { amount, listed, oneOf } from "../spec/words.ts";

/** How many iterations had been dropped until then, Unix seconds. */
export type DropCount = Series<number>["points"][number];

/** Says when the judged load ran, to after its last sample, and what became of the iterations that k6 did not start. */
export interface ClientWindow extends Span, Unserved {
  /** Iterations that were offered and not served. */
  dropped: number;
  dropCause: DropCause;
  /** Dropped iterations that a service which answers at once might have had as well. */
  excusedDrops?: number;
  /** In order of time; empty where they cannot be placed. */
  dropsOver: readonly DropCount[];
  shortage: CpuShortage;
  /** Judged iterations that came to their end. */
  iterations: number;
}

/** Adds dropped and cut-off iterations to what was counted: at best a dropped one is one bad event, at worst as many as an iteration has requests, rounded up. */
export function withUnservedLoad(
  objective: string,
  counted: { total: number; bad: number; uncertain: number; caveats: string[]; unfiltered: boolean; noun: string },
  window: Unserved & Pick<ClientWindow, "dropped" | "dropCause" | "excusedDrops">,
  rest: { cumulative: CumulativePoint[]; queries: Queries },
): Measurement {
  const { dropped, interrupted } = window;
  const certain = counted.unfiltered ? certainDrops(window, dropped) : 0;
  const unserved = mostUnserved(dropped, window);
  const caveats = [...counted.caveats];
  if (dropped > 0 && window.dropCause !== "service")
    caveats.push(`${amount(dropped, "iteration was dropped", "iterations were dropped")}, ${blameless[window.dropCause]}`);
  else if (counted.unfiltered && dropped > certain)
    caveats.push(
      `${amount(dropped - certain, "iteration was dropped", "iterations were dropped")} while k6 was still making VUs, or by a script that waits too long for as few as it has: set preAllocatedVUs and maxVUs higher`,
    );
  else if (dropped > certain)
    caveats.push(`${amount(dropped, "dropped iteration", "dropped iterations")} may have been for this objective`);
  else if (unserved > dropped + interrupted)
    caveats.push(
      `${amount(dropped + interrupted, "iteration that was not carried out stands", "iterations that were not carried out stand")} for up to ${unserved} ${counted.noun}`,
    );
  if (interrupted > 0)
    caveats.push(`${amount(interrupted, "iteration was cut off before it ended", "iterations were cut off before they ended")}`);
  return {
    kind: "counted",
    objective,
    best: { total: counted.total + certain, bad: counted.bad + certain },
    dropped: certain,
    worst: { total: counted.total + unserved, bad: counted.bad + counted.uncertain + unserved },
    caveats,
    timestampSkewSeconds: pushSeconds,
    ...rest,
  };
}

/** Says why a drop need not be the service's fault. */
const blameless = {
  starved: "and k6 may have been short of CPU",
  unknown: "and nobody knows whether k6 had the CPU that it needed",
} as const satisfies Record<Exclude<DropCause, "service">, string>;

/** How far before the judged load the proof that our scenario counts its own events is looked for: it is written before the warm-up, which takes an hour at most. */
const proofLookbackSeconds = 2 * 3600;

async function countedByCounters(reader: Reader, query: ClientQueries): Promise<ClientCounted> {
  const { api, span, range, number } = reader;
  const [total, proof, tagged, ...bads] = await Promise.all([
    number(query.total),
    query.proof && number(query.proof.read, proofLookbackSeconds),
    query.tagged && number(query.tagged),
    ...query.bad.map((read) => number(read)),
  ]);
  if (query.shares) await assertSharesAgree(reader, query.shares);
  // What a counter that a script lowered says at the end is no count of events.
  const fallen = await Promise.all(query.rising.map((read) => number(read)));
  if (fallen.some((times) => times !== undefined))
    throw new Unreadable("the script lowered a counter, so it counts no events: add only values of 0 and more");
  if (total === undefined) throw new Unreadable(await nothingThere(reader, query));
  if (query.proof && proof === undefined) throw new Unreadable(query.proof.missing);
  if (query.tagged && tagged !== total) throw new Unreadable(untaggedReason(tagged, total));
  // No series of errors means none: the total is there, and the proof that they are counted.
  const bad = wholeCount(bads.reduce<number>((sum, value) => sum + (value ?? 0), 0));
  const parts = query.bad.map((read) => read(range));
  const read = await readOverTime(api, [query.total(range)], parts, span);
  const cumulative = read.map(({ atSeconds, total, part }) => ({ atSeconds, total: wholeCount(total), bad: wholeCount(part) }));
  return { total: wholeCount(total), bad, uncertain: 0, caveats: [], cumulative };
}

/** Reads what no objective counts of a script's metric: events that may be good or bad, and whether there are bad ones beside them. Refuses what may be anything. */
async function readHidden({ number }: Reader, { hidden, noun }: ClientQueries) {
  const found = await Promise.all(hidden.map(({ read }) => number(read, proofLookbackSeconds)));
  const there = hidden.flatMap((one, i) => ((found[i] ?? 0) > 0 ? [{ ...one, value: wholeCount(found[i] ?? 0) }] : []));
  const first = there.find(({ hides }) => hides === "any");
  if (first !== undefined) throw new Unreadable(first.why);
  return {
    events: there.reduce((sum, { hides, value }) => sum + (hides === "events" ? value : 0), 0),
    anyBad: there.some(({ hides }) => hides === "bad"),
    caveats: there.map(({ hides, value, why }) => (hides === "events" ? `${amount(value, oneOf(noun), noun)}: ${why}` : why)),
  };
}

/** Says that there is nothing to count, and what there is instead. */
async function nothingThere({ vector }: Reader, { nothing: { sentence, instead } }: ClientQueries): Promise<string> {
  if (instead === undefined) return sentence;
  const names = (await vector(instead.read)).map(({ labels }) => JSON.stringify(labels[instead.label] ?? ""));
  return `${sentence}; there ${names.length === 0 ? "are none" : `are ${listed(names, 5)}`}`;
}

function untaggedReason(tagged: number | undefined, total: number): string {
  if (tagged === undefined)
    return "the script's requests carry no expected_response tag (a response callback of null, or systemTags without it), so errors cannot be told";
  return `${amount(total - tagged, "request carries", "requests carry")} no expected_response tag, so errors cannot be told`;
}

/** Tells whether the client of a user script has counted the slow ones among all of its requests; one that was sent past it has to be read from k6's histogram. */
async function isCountedWhole({ number }: Reader, { total: totalOf, byClient, proof: proofOf }: ClientQueries): Promise<boolean> {
  if (byClient === undefined || proofOf === undefined) return false;
  const [total, counted, proof] = await Promise.all([number(totalOf), number(byClient), number(proofOf.read, proofLookbackSeconds)]);
  return total !== undefined && counted === total && proof !== undefined;
}

/** Measures one client-side objective; what cannot be read is absent with its reason, never zero. */
export async function measureClient(api: PrometheusApi, query: ClientQueries, window: ClientWindow): Promise<Measurement> {
  const reader = readerOf(api, window);
  const { objective, histogram, unfiltered, slowAboveSeconds } = query;
  const counters = query.bad.map((read) => read(reader.range).promql).join(" + ");
  const queries = { total: query.total(reader.range).promql, bad: histogram ? histogram.read(reader.range).promql : counters };
  const absent = (reason: string): Measurement => ({ kind: "absent", objective, reason, queries });
  const unread = await answerOf(() => readHidden(reader, query));
  if (unread.kind === "failed") return absent(unread.reason);
  const { events, anyBad, caveats } = unread.value;
  const read = await answerOf(async () => {
    if (histogram && !(await isCountedWhole(reader, query))) return countedByHistogram(reader, query, histogram);
    queries.bad = counters;
    return countedByCounters(reader, query);
  });
  if (read.kind === "failed") return absent([...caveats, read.reason].join("; "));
  const whole = { atSeconds: window.toSeconds, total: read.value.total, bad: read.value.bad };
  const ended = { ...read.value, cumulative: endedWith(read.value.cumulative, whole) };
  const refused = await answerOf(async () => (query.refused && (await reader.number(query.refused))) ?? 0);
  if (refused.kind === "failed") return absent(refused.reason);
  const seen =
    slowAboveSeconds === undefined ? ended : withoutOwnDelay(ended, refused.value, query.noun, window.shortage, slowAboveSeconds);
  const total = seen.total + events;
  const uncertain = anyBad ? total - seen.bad : seen.uncertain + events;
  const counted = { ...seen, total, uncertain, caveats: [...seen.caveats, ...caveats] };
  const rest = { cumulative: counted.cumulative, queries };
  const unserved = unservedOf(query, window, counted);
  const { part, phased } = query;
  if (part?.kind === "stretch" && caveats[0] !== undefined) return absent(caveats.join("; ")); // nobody knows when these came
  if (part?.kind === "stretch" && phased !== undefined)
    return measurePhase(api, { ...query, phased }, part, unserved, { ...rest, caveats: counted.caveats });
  return withDrops(withUnservedLoad(objective, { ...counted, unfiltered, noun: query.noun }, unserved, rest), window, unfiltered);
}

/** Says how many of an objective's events an iteration stands for that was not carried out. */
function unservedOf({ unserved }: ClientQueries, window: ClientWindow, { total }: ClientCounted): ClientWindow {
  switch (unserved) {
    case "requests":
      return window;
    case "events":
      return { ...window, requestsPerIteration: window.iterations > 0 ? total / window.iterations : 1 };
    case "one":
      return { ...window, requestsPerIteration: 1 };
    case "none":
      return { ...window, dropped: 0, interrupted: 0 };
  }
}

/** Takes the slow requests for uncertain that may have waited for k6's own CPU; as many as were refused did not. */
function withoutOwnDelay(counted: ClientCounted, refused: number, noun: string, shortage: CpuShortage, slowAboveSeconds: number) {
  const most = Math.max(0, counted.bad - wholeCount(refused));
  const { uncertain, cumulative } = excuseStarved(counted.cumulative, counted.bad, shortage, slowAboveSeconds, most);
  const slow = amount(uncertain, `slow ${oneOf(noun)}`, `slow ${noun}`);
  const why = {
    known: `${slow} came while k6 was short of CPU (README, When k6 is short of CPU): the delay may be its own`,
    unknown: `nobody knows whether k6 had the CPU that it needed, so the delay of ${slow} may be its own`,
  };
  const caveats = uncertain > 0 ? [...counted.caveats, why[shortage.kind]] : counted.caveats;
  return { total: counted.total, bad: counted.bad - uncertain, uncertain: counted.uncertain + uncertain, caveats, cumulative };
}

/** Puts the drops that are bad for certain where they belong in time: a fast burn may be made of nothing else. */
function withDrops(measured: Measurement, window: ClientWindow, unfiltered: boolean): Measurement {
  const { dropsOver, dropCause, toSeconds } = window;
  if (measured.kind === "absent" || dropCause !== "service" || !unfiltered || dropsOver.length === 0) return measured;
  const { cumulative, best } = measured;
  const points = cumulative.map(({ atSeconds, total, bad }) => {
    const dropped = certainDrops(window, dropsOver.findLast((drop) => drop.atSeconds <= atSeconds)?.value ?? 0);
    return { atSeconds, total: total + dropped, bad: bad + dropped };
  });
  return { ...measured, cumulative: endedWith(points, { atSeconds: toSeconds, total: best.total, bad: best.bad }) };
}
