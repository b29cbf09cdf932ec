import type { CounterQueries } from "../compile/counters.ts";
import type { BadQueries } from "../compile/service-objectives.ts";
import type { CounterGrowth } from "./growth.ts";
import { isSlipOf, listed } from "../spec/words.ts";
import { known, Unreadable } from "./prometheus.ts";
import type { ReadGrowth } from "./server.ts";

/**
 * Refuses counters without a series, but for those that provably have counted nothing: the label sets of the same metric tell events by all labels
 * that are compared, every series carries these, and each instance whose events are in the total has some. A value that is a slip of one that is there is no zero.
 * Gives what was read as none, a sentence each.
 */
export async function refuseMissing(
  read: ReadGrowth,
  zeros: Extract<BadQueries, { kind: "events" }>["zeros"],
  terms: ReadonlyMap<CounterQueries | undefined, readonly CounterGrowth[]>,
  totals: readonly CounterGrowth[],
): Promise<string[]> {
  const none: string[] = [];
  const instances = new Set(totals.map(({ instance }) => instance));
  for (const [term, series] of terms) {
    const having = new Set(series.map(({ instance }) => instance));
    const lacking = new Set([...instances].filter((one) => !having.has(one)));
    if (lacking.size === 0) continue;
    const proof = term && zeros.get(term);
    const whose = series.length === 0 ? "of the service" : "of every instance of the service";
    const refused = (why: string): Unreadable =>
      new Unreadable(
        `Prometheus holds no series ${term?.series.promql} ${whose} (${why}); if there were no events yet, create the label set at zero`,
      );
    if (proof === undefined || (proof.isGood && series.length === 0))
      throw refused("nothing else tells that it has counted none: is the name right?");
    const [all, labelled] = [known(await read(proof.all)), known(await read(proof.labelled))];
    const labels = `the label${proof.labels.length > 1 ? "s" : ""} ${proof.labels.join(" and ")}`;
    if (labelled.length === 0) throw refused(`no series of its metric has ${labels}: is the name right?`);
    const on = (some: readonly CounterGrowth[]): CounterGrowth[] => some.filter(({ instance }) => lacking.has(instance));
    if (on(labelled).length < on(all).length) throw refused(`not every series of its metric has ${labels}`);
    const told = new Set(labelled.map(({ instance }) => instance));
    if ([...lacking].some((one) => !told.has(one))) throw refused("not every instance of the service has its metric");
    for (const { label, value } of series.length === 0 ? proof.asked : []) {
      const there = [...new Set(labelled.map(({ labels }) => labels[label] ?? ""))].toSorted();
      const meant = there.find((one) => isSlipOf(value, one));
      if (meant !== undefined) throw refused(`${label} is never ${value}: did you mean ${meant}?`);
      if (!there.includes(value)) none.push(`no ${label} is ${value} as yet, which counts as none; there are ${listed(there, 5)}`);
    }
  }
  return none;
}
