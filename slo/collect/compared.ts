import type { Reading } from "../compile/counters.ts";
import type { ServerQueries } from "../compile/service-objectives.ts";
import type { CounterGrowth, GrowthWindow } from "./growth.ts";
import { lookbackSeconds } from "./guard.ts";
import type { Count } from "./measurement.ts";
import { wholeCount } from "./points.ts";
import { amount, listed } from "../spec/words.ts";
import { queryVector, type PrometheusApi, type Series } from "./prometheus.ts";

/** Says between which times the service's counters are read, and what else is in them; Unix seconds of Prometheus's clock. */
export interface ServerWindow extends GrowthWindow {
  /** Requests that judged iterations would have made, had k6 not dropped them: they never reached the service. */
  dropped: number;
  /** Requests of iterations that were cut off: the service may have counted them, k6 did not. */
  cutOff: number;
  /** False where a load pod was lost: it may have sent more than anybody heard of. */
  sentIsWhole: boolean;
  /** Requests of setup and warm-up, and those that were cut off. */
  notJudged: number;
  /** True when the window begins after setup and warm-up, so that only judged requests are in it; but what was cut off, and what a late histogram held back, may be. */
  judgedOnly: boolean;
  /** Tells by k6's name of a request whether it is another host's: hosts are mapped and redirect, so the target may have served it all the same. */
  namedElsewhere: (name: string) => boolean;
}

/** Says which requests of k6 the service's counts may lack, and which of theirs are not k6's. */
export interface Compared {
  /** Requests that k6 sent, answered or not, and that no counter has, as when one of several instances is not scraped. */
  missing: number;
  /** Those of them that were answered, so that an instance must have counted them. */
  missingForCertain: number;
  /** Those of them that k6 names by another host's URL, so that they may never have been the target's. */
  elsewhere: number;
  /** Requests that k6 did not send. */
  others: number;
}

/**
 * Compares what k6 sent with what the service counted of the same requests. Where others use the same counters, their requests may stand
 * where k6's are missing: then equality proves nothing, and all of k6's may be missing. So may those of a lost pod that nobody heard of.
 */
export function compareSides(sent: Sent, counted: number): Compared {
  const most = sent.all + sent.cutOff;
  if (counted > most) return { missing: most, missingForCertain: 0, elsewhere: 0, others: wholeCount(counted - most) };
  const missing = sent.isWhole ? wholeCount(most - counted) : most;
  const missingForCertain = Math.max(0, wholeCount(sent.answered - sent.elsewhere - counted));
  return { missing, missingForCertain, elsewhere: Math.min(sent.elsewhere, missing - missingForCertain), others: 0 };
}

/**
 * Tells how many requests of setup and warm-up a late histogram may have held back, and counted for k6's last ones, of which then as many more are missing.
 * One that took all of setup and warm-up at once, and has all that k6 sent, never takes what it lacks.
 */
export function mayHold(window: ServerWindow, { missing, others }: Compared, heldBack: number, beside: readonly CounterGrowth[][]): number {
  const [byCounter, byHistogram] = beside.map((counters) => counters.reduce((sum, { warmed }) => sum + warmed, 0));
  if (!window.judgedOnly || (missing === 0 && byCounter === byHistogram)) return 0;
  return Math.max(0, Math.min(window.notJudged - window.cutOff, heldBack - others));
}

/**
 * Adds what was never judged, what never arrived and what the service should have counted: the truth lies between the two counts.
 * What is missing may have been good, in `best`, or bad, in `worst`, and so may what is `uncertain`. `theirs` of the count are of requests that others ask for too, though k6's may be among them.
 * What k6 saw fail is bad in `worst`, whatever the service counted it as. No more than the `most` that k6 sent are its own.
 */
export function betweenCounts(
  counted: Count & { uncertain: number },
  { dropped, notJudged, most: sent = Infinity }: Pick<ServerWindow, "dropped" | "notJudged"> & { most?: number },
  { missing, elsewhere, others }: Compared,
  theirs = 0,
  failed = 0,
): { best: Count; worst: Count } {
  const { total, bad, uncertain } = counted;
  const most = bad + uncertain;
  const notOurs = notJudged + others + theirs;
  const worst = Math.max(most + missing - elsewhere, failed) + elsewhere + dropped; // what is named elsewhere is not among those seen to fail
  const countedAsGood = Math.min(missing - elsewhere, Math.max(0, failed - most)); // of those seen to fail, and as many of k6's are nobody's
  const ofK6 = (total: number, bad: number): Count => ({
    total: Math.min(Math.max(total, bad), sent + dropped),
    bad: Math.min(bad, sent + dropped),
  });
  return {
    best: ofK6(total - Math.min(notOurs, bad) + missing, bad - Math.min(notOurs, bad)),
    worst: ofK6(total - Math.min(notOurs, total - most) + missing - countedAsGood + dropped, worst),
  };
}

/** Says why the two counts differ, one sentence each. */
export function caveatsOf(
  { dropped, notJudged, cutOff, sentIsWhole }: ServerWindow,
  { missing, missingForCertain, elsewhere, others }: Compared,
  losses: readonly string[],
  ofOthers: readonly Record<string, string>[],
): string[] {
  const included = [
    ...(notJudged > cutOff ? [amount(notJudged - cutOff, "request of setup and warm-up", "requests of setup and warm-up")] : []),
    ...(notJudged > 0 && cutOff > 0 ? [amount(cutOff, "request that k6 cut off", "requests that k6 cut off")] : []),
  ];
  const caveats = included.length > 0 ? [`the service's counts include up to ${included.join(" and ")}`] : [];
  if (dropped > 0) caveats.push(`up to ${amount(dropped, "request", "requests")} of dropped iterations never reached the service`);
  if (missing > 0) caveats.push(...losses);
  const asked = ofOthers.map((labels) => {
    const told = Object.entries(labels).map(([label, value]) => value || `(no ${label})`);
    return told.join(" ") || "the same";
  });
  if (missing > 0 && asked.length > 0)
    caveats.push(
      `others ask for ${listed(asked, 3)} too (probes, scrapes of its metrics, users, or a load that ended within half a minute before), so nothing that the service counted of it is known to be k6's`,
    );
  if (others > 0)
    caveats.push(
      `the service counted ${amount(others, "request", "requests")} more than k6 sent: others use it too, so nothing proves that all of k6's are in its counts`,
    );
  else if (!sentIsWhole && missing > 0)
    caveats.push("nobody knows all that a lost load pod sent, so nothing proves that all of k6's requests are in the service's counts");
  else if (missingForCertain > 0)
    caveats.push(
      `${amount(missing, "request that k6 sent is not", "requests that k6 sent are not")} in the service's counts${asked.length > 0 ? " of what k6 alone asks for" : losses.length > 0 ? "" : ": is every instance of it scraped?"}`,
    );
  else if (missing > elsewhere)
    caveats.push(
      `${amount(missing - elsewhere, "request that k6 sent got no answer or was cut off, and is not", "requests that k6 sent got no answer or were cut off, and are not")} in the service's counts`,
    );
  if (elsewhere > 0)
    caveats.push(
      `up to ${amount(elsewhere, "request named by another host's URL is not", "requests named by another host's URL are not")} in the service's counts, and may have been the target's (hosts redirect and are mapped): load one host per script`,
    );
  return caveats;
}

/** Keeps the labels that tell what was asked for: whoever asks is served by any instance, and answered in any way, whatever labels tell of it. */
const askedFor = (asked: readonly string[], labels: Record<string, string>): Record<string, string> =>
  Object.fromEntries(asked.map((label) => [label, labels[label] ?? ""]));

/** Tells counters of one kind of request from those of another, whatever metric of it is read, by the labels that tell what was asked for. */
export const labelSetBy =
  (asked: readonly string[]) =>
  ({ labels }: CounterGrowth): string =>
    JSON.stringify(askedFor(asked, labels));

/**
 * Finds the kinds of request that grew while k6 did not run: requests of others are in them. What k6 left unanswered may end late, though.
 * The wider time is looked at only where something is amiss. A method is the same in small letters.
 */
export function usedByOthers(counters: readonly CounterGrowth[], asked: readonly string[], late: number, wider: boolean, outgrew = false) {
  const quiet = counters.map((one) => ({ one, ...(wider ? one.widerQuiet : one.quiet) }));
  const after = quiet.reduce((sum, { grewAfter }) => sum + grewAfter, 0) > late;
  const used = quiet.filter(({ grewBefore, grewAfter }) => outgrew || grewBefore > 0 || (after && grewAfter > 0));
  const setOf = labelSetBy(asked);
  const sets = new Set(used.map(({ one }) => setOf(one).toLowerCase()));
  const alike = counters.filter((one) => sets.has(setOf(one).toLowerCase()));
  return new Map(alike.map((one) => [setOf(one), askedFor(asked, one.labels)]));
}

/** Asks about the whole load. k6's samples carry k6's clock: the question reaches far enough beyond both ends for any difference that preflight lets pass. */
const queryOfK6 = (api: PrometheusApi, read: Reading, { fromSeconds, toSeconds }: ServerWindow): Promise<Series<number>[]> =>
  queryVector(api, read(toSeconds - fromSeconds + 2 * lookbackSeconds), toSeconds + lookbackSeconds);

/** Reads how many judged requests k6 saw fail, without those that it names by another host's URL. */
export async function readFailed(api: PrometheusApi, { failed }: ServerQueries["compared"], window: ServerWindow): Promise<number> {
  const got = await queryOfK6(api, failed, window);
  const own = got.filter(({ labels }) => !window.namedElsewhere(labels["name"] ?? ""));
  return own.reduce((sum, { points }) => sum + (points[0]?.value ?? 0), 0);
}

/** Reads how many requests k6 sent, each of which may have gone to the target: no name proves that it did not. */
export async function readSent(api: PrometheusApi, compared: ServerQueries["compared"], window: ServerWindow) {
  const got = await queryOfK6(api, (range) => compared.sent(range, window.judgedOnly), window);
  const sent = {
    /** Answered or not. */
    all: 0,
    answered: 0,
    /** Of those answered, what is named by another host's URL. */
    elsewhere: 0,
    /** Not in `all`: of iterations that were cut off. */
    cutOff: window.cutOff,
    /** False where these are the least that it sent. */
    isWhole: window.sentIsWhole,
  };
  for (const { labels, points } of got) {
    const value = points[0]?.value ?? 0;
    sent.all += value;
    if (labels["status"] === "0") continue;
    sent.answered += value;
    if (window.namedElsewhere(labels["name"] ?? "")) sent.elsewhere += value;
  }
  return sent;
}
/** Tells how many of the requests that a service counted may be k6's; Infinity where k6 does not say. */
export const mostOf = ({ isWhole, all, cutOff }: Sent): number => (isWhole && all > 0 ? all + cutOff : Infinity);

export type Sent = Awaited<ReturnType<typeof readSent>>;
