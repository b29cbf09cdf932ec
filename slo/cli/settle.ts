import { sameTotals, readHeld, scrapesSince, type Totals } from "../collect/settle.ts";
import type { PrometheusApi } from "../collect/prometheus.ts";
import type { HeldQueries, ServiceQueries } from "../compile/run.ts";
import { waitFor } from "../run/wait.ts";

/** Says how the wait for Prometheus ended: it holds all that was sent, or not all, or it did not answer. */
export type Settled = { kind: "complete"; held: Totals } | { kind: "different"; held: Totals } | { kind: "unreachable"; reason: string };

/** The first pause between two questions, and the longest: a Prometheus that is behind is not helped by more. */
const pausesMillis = [50, 1000] as const;

/** Waits until Prometheus holds exactly what was sent; no fixed sleep, at most `limitSeconds`. */
export async function settleCounts(
  api: PrometheusApi,
  queries: HeldQueries,
  sent: Totals,
  rangeSeconds: number,
  limitSeconds: number,
): Promise<Settled> {
  let last: Settled = { kind: "unreachable", reason: "it was not asked" };
  const done = await waitFor(
    async () => {
      const held = await readHeld(api, queries, rangeSeconds);
      if (held.kind === "failed") last = { kind: "unreachable", reason: held.reason };
      else last = { kind: sameTotals(held.value, sent) ? "complete" : "different", held: held.value };
      return last.kind === "complete" ? last : undefined;
    },
    limitSeconds,
    ...pausesMillis,
  );
  return done ?? last;
}

/**
 * Waits until the service was scraped twice since the last request, so that its counters are final.
 * Gives false when it is not scraped, or not twice within `limitSeconds`; times are Unix seconds of Prometheus's clock.
 */
export async function settleScrapes(
  api: PrometheusApi,
  queries: ServiceQueries,
  sinceSeconds: number,
  now: () => number,
  limitSeconds: number,
): Promise<boolean> {
  const done = await waitFor(
    async () => {
      const scrapes = await scrapesSince(api, queries, sinceSeconds, now());
      return scrapes.kind === "answer" && (scrapes.value ?? 0) >= 2 ? true : undefined;
    },
    limitSeconds,
    ...pausesMillis,
  );
  return done === true;
}
