import { z } from "zod";

/** The buckets that setup writes before the warm-up. */
const seeds = 100;
/** The warm-up sends at least 12 requests a second, and the gap after it is quiet for 1.5 s or more. */
const quietSeconds = 0.6;

const reportSchema = z.object({
  rules: z.array(z.object({ rule: z.object({ kind: z.string() }), matched: z.number(), injected: z.number() })),
});
const answerSchema = z.object({ data: z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })) }) });

/** Is what the storage API says that it did wrong: by kind, and reads that it was asked for where a rule watched them. */
export interface Injected {
  failed: number;
  wrong: number;
  slow: number;
  slowMatched: number;
}

/** Reads the fault counts. */
export async function faultsOf(target: string): Promise<Injected> {
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

/** Counts what the service answered below /api/, by its own counters: all, and failed (5xx, 599 for a connection that it cut). */
export async function servedBy(target: string): Promise<{ requests: number; errors: number }> {
  const text = await (await fetch(`${target}/metrics`)).text();
  const counts = [...text.matchAll(/^http_request_duration_seconds_count\{(.*)\} (\d+)$/gm)].filter(([, labels = ""]) =>
    labels.includes('route="/api/'),
  );
  const sum = (of: typeof counts): number => of.reduce((all, [, , count]) => all + Number(count), 0);
  return { requests: sum(counts), errors: sum(counts.filter(([, labels = ""]) => /status_code="5\d\d"/.test(labels))) };
}

/** Replaces the faults; their counts start at zero. */
export async function setFaults(target: string, rules: readonly object[]): Promise<void> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${target}/admin/faults`, { method: "PUT", headers, body: JSON.stringify({ rules }) });
  if (!answer.ok) throw new Error(`the faults were refused: ${await answer.text()}`);
}

/** Waits for the quiet gap between warm-up and judged load, sets the faults in it, and gives what the service had counted until then. */
export async function injectInGap(
  target: string,
  rules: readonly object[],
  since: number,
  ended: () => boolean,
): Promise<{ requests: number; atSeconds: number }> {
  let count = since;
  let quietSince = performance.now();
  while (!ended()) {
    const { requests } = await servedBy(target);
    if (requests !== count) quietSince = performance.now();
    count = requests;
    if (count > since + seeds && performance.now() - quietSince > quietSeconds * 1000) {
      await setFaults(target, rules);
      return { requests: count, atSeconds: Date.now() / 1000 };
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the run ended before the gap between its warm-up and its judged load was seen");
}

/** Asks Prometheus by a query of this bench's own, not by the ones that the verdict is made from. */
export async function heldBy(prometheus: string, selector: string): Promise<number> {
  const query = `sum(max_over_time(k6_http_reqs_total${selector}[1h]))`;
  const answer = answerSchema.parse(await (await fetch(`${prometheus}/api/v1/query?query=${encodeURIComponent(query)}`)).json());
  return Number(answer.data.result[0]?.value[1] ?? 0);
}
