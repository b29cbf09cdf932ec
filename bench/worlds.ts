import { randomInt } from "node:crypto";
import { findingText } from "../slo/verify/worlds/lies.ts";
import { originOf, tryWorld, tryWorlds, type Tally } from "../slo/verify/worlds/worlds.ts";
import { described } from "../slo/verify/worlds/generate.ts";
import type { Bench, Figure, Row } from "./figure.ts";
import { prometheusOf, stop } from "./started.ts";

/** A Prometheus is given up after so many worlds, so that its memory stays small. */
const worldsEach = 1000;

async function run(bench: Bench): Promise<Row[]> {
  const { seed = randomInt(1_000_000), only } = bench;
  const nowSeconds = Date.now() / 1000;
  const tallies: Tally[] = [];
  const [first, last] = only === undefined ? [0, bench.quick ? 500 : 20_000] : [only, only + 1];
  for (let from = first; from < last; from += worldsEach) {
    const part = await prometheusOf(bench, `prometheus-${from}`, undefined, { outOfOrder: "30d" });
    const api = { url: part.url, headers: {}, timeoutSeconds: 60, fetch };
    if (only !== undefined) {
      const { world, findings } = await tryWorld(api, seed, only, originOf(nowSeconds));
      bench.say(described(world));
      for (const finding of findings) bench.say(`${findingText(finding)} (${finding.judged.reason ?? "no reason"})`);
    } else {
      tallies.push(await tryWorlds(api, { seed, from, to: Math.min(last, from + worldsEach), nowSeconds, say: bench.say }));
      bench.say(`seed ${seed}: ${Math.min(last, from + worldsEach)} worlds, ${tallies.flatMap(({ lies }) => lies).length} with a lie`);
    }
    await stop(part);
  }
  return rowsOf(tallies);
}

function rowsOf(tallies: readonly Tally[]): Row[] {
  const sum = (pick: (tally: Tally) => number): number => tallies.reduce((total, tally) => total + pick(tally), 0);
  const share = (part: (tally: Tally) => number, whole: (tally: Tally) => number): number =>
    sum(whole) === 0 ? 0 : sum(part) / sum(whole);
  const lies = sum((tally) => tally.lies.length);
  return [
    { what: "worlds in which a verdict or a count is untrue", unit: "count", values: [lies], goal: { atMost: 0, by: "worst" } },
    {
      what: "easy objectives that were not decided",
      unit: "percent",
      values: [
        1 -
          share(
            (t) => t.decided,
            (t) => t.easy,
          ),
      ],
      goal: { atMost: 0.05, by: "worst" },
    },
    {
      what: "met where the service is as bad as its budget",
      unit: "percent",
      values: [
        share(
          (t) => t.boundaryMet,
          (t) => t.boundary,
        ),
      ],
      goal: { atMost: 0.05, by: "worst" },
    },
    {
      what: "exceeded where the service is as bad as its budget",
      unit: "percent",
      values: [
        share(
          (t) => t.boundaryExceeded,
          (t) => t.boundary,
        ),
      ],
      goal: { atMost: 0.05, by: "worst" },
    },
  ];
}

/** Judges worlds whose truth is known, thousands of them, by the road of a real run. */
export const worlds: Figure = { name: "worlds", what: "verdicts on thousands of simulated services against the truth", run };
