import type { ClientQueries } from "../compile/client.ts";
import { k6Labels } from "../spec/names.ts";
import type { Reader } from "./points.ts";
import { Unreadable } from "./prometheus.ts";

/** How far two quotients of the same whole numbers may be apart, by the way through text. */
const tolerance = 1e-9;

const own: readonly string[] = ["__name__", k6Labels.countedGood, k6Labels.countedRate];
const keyOf = (labels: Readonly<Record<string, string>>): string =>
  JSON.stringify(
    Object.entries(labels)
      .filter(([label]) => !own.includes(label))
      .toSorted(),
  );

/** Compares k6's shares of a script's checks or rate with what was counted beside them; throws where they differ: a module from https makes such events too, and nobody counted those. */
export async function assertSharesAgree({ vector }: Reader, { ofK6, counted }: NonNullable<ClientQueries["shares"]>): Promise<void> {
  const [shares, counts] = await Promise.all([vector(ofK6), vector(counted)]);
  const sums = new Map<string, { all: number; good: number }>();
  for (const { labels, points } of counts) {
    const sum = sums.get(keyOf(labels)) ?? { all: 0, good: 0 };
    const value = points[0]?.value ?? 0;
    sum.all += value;
    if (labels[k6Labels.countedGood] === "true") sum.good += value;
    sums.set(keyOf(labels), sum);
  }
  for (const { labels, points } of shares) {
    const { all, good } = sums.get(keyOf(labels)) ?? { all: 0, good: 0 };
    const share = points[0]?.value ?? Number.NaN;
    if (all > 0 && Math.abs(good / all - share) <= tolerance) continue;
    const what = labels[k6Labels.check] === undefined ? "" : ` "${labels[k6Labels.check]}"`;
    const counted = all === 0 ? "nothing was counted beside it" : `${good} of ${all} were counted`;
    throw new Unreadable(
      `k6 has a share of ${share} of the script's events${what}, and ${counted}: a module that is imported from https makes them too, and has to be bundled (npm install it, or save it beside the script)`,
    );
  }
}
