import { z } from "zod";
import { servedBy } from "./started.ts";

/** The buckets that setup writes before the warm-up. */
const seeds = 100;
/** The warm-up sends at least 12 requests a second, and the gap after it is quiet for 1.5 s or more. */
const quietSeconds = 0.6;

const reportSchema = z.object({
  rules: z.array(z.object({ rule: z.object({ kind: z.string() }), matched: z.number(), injected: z.number() })),
});

/** What the storage API says that it did wrong: by kind, and reads that it was asked for where a rule watched them. */
export type Injected = Record<"failed" | "wrong" | "slow" | "slowMatched", number>;

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

/** Replaces the faults; their counts start at zero. */
export async function setFaults(target: string, rules: readonly object[]): Promise<void> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${target}/admin/faults`, { method: "PUT", headers, body: JSON.stringify({ rules }) });
  if (!answer.ok) throw new Error(`the faults were refused: ${await answer.text()}`);
}

/** Waits for the quiet gap between warm-up and judged load, sets the faults in it, and gives when, and what the service had counted until then. */
export async function injectInGap(target: string, rules: readonly object[], since: number, ended: () => boolean) {
  let [count, quietSince] = [since, performance.now()];
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
