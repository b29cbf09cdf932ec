import { sameTotals, readStoredCounts, type Totals } from "../collect/stored-counts.ts";
import type { PrometheusApi } from "../collect/prometheus.ts";
import type { StoredCountQueries } from "../compile/run.ts";
import { waitFor } from "../host/wait.ts";

/** Says how the wait for Prometheus ended: it holds all that was sent, or not all, or it did not answer. */
export type Settled =
  | { kind: "complete"; stored: Totals }
  | { kind: "different"; stored: Totals }
  | { kind: "unreachable"; reason: string };

/** Waits until Prometheus holds exactly what was sent; no fixed sleep, at most `limitSeconds`. */
export async function settleCounts(
  api: PrometheusApi,
  queries: StoredCountQueries,
  sent: Totals,
  rangeSeconds: number,
  limitSeconds: number,
): Promise<Settled> {
  let last: Settled = { kind: "unreachable", reason: "it was not asked" };
  const done = await waitFor(
    async () => {
      const stored = await readStoredCounts(api, queries, rangeSeconds);
      if (stored.kind === "failed") last = { kind: "unreachable", reason: stored.reason };
      else last = { kind: sameTotals(stored.value, sent) ? "complete" : "different", stored: stored.value };
      return last.kind === "complete" ? last : undefined;
    },
    limitSeconds,
    50,
    1000, // a Prometheus that is behind is not helped by more questions
  );
  return done ?? last;
}
