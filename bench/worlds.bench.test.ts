import { randomInt } from "node:crypto";
import { findingText } from "../slo/verify/worlds/truth.ts";
import { atMostByChance, tryWorld, tryWorlds, type Tally } from "../slo/verify/worlds/worlds.ts";
import { row, type Bench, type Row } from "./figure.fixture.ts";
import { measure } from "./measure.fixture.ts";
import { prometheusOf, stop } from "./started.fixture.ts";

/** A Prometheus is given up after so many worlds, so that its memory stays small. */
const worldsEach = 1000;

async function run(bench: Bench): Promise<Row[]> {
  const seed = Number(process.env["SEED"] ?? randomInt(1_000_000));
  const only = process.env["ONLY"] === undefined ? undefined : Number(process.env["ONLY"]);
  const nowSeconds = Date.now() / 1000;
  const tallies: Tally[] = [];
  const [first, last] = only === undefined ? [0, bench.quick ? 500 : 20_000] : [only, only + 1];
  for (let from = first; from < last; from += worldsEach) {
    const part = await prometheusOf(bench, `prometheus-${from}`, undefined, { outOfOrder: "30d" });
    const api = { url: part.url, headers: {}, timeoutSeconds: 60, fetch };
    if (only !== undefined) {
      const { world, findings } = await tryWorld(api, seed, only, nowSeconds);
      bench.say(JSON.stringify(world));
      for (const finding of findings) bench.say(findingText(finding));
    } else {
      tallies.push(await tryWorlds(api, { seed, from, to: Math.min(last, from + worldsEach), nowSeconds, say: bench.say }));
      bench.say(`seed ${seed}: ${Math.min(last, from + worldsEach)} worlds, ${tallies.flatMap(({ lies }) => lies).length} with a lie`);
    }
    await stop(part);
  }
  return tallies.length > 0 ? rowsOf(tallies) : [];
}

function rowsOf(tallies: readonly Tally[]): Row[] {
  const all = <T>(pick: (tally: Tally) => readonly T[]): T[] => tallies.flatMap(pick);
  const sum = (pick: (tally: Tally) => number): number => tallies.reduce((total, tally) => total + pick(tally), 0);
  const [easy, boundary] = [sum((tally) => tally.easy), all((tally) => tally.boundary)];
  const found = (what: string, { length }: readonly unknown[], most: number): Row =>
    row(what, "count", [length], Math.floor(most), "worst");
  const verdicts = (kind: "met" | "exceeded"): Row => {
    const same = boundary.filter((verdict) => verdict === kind);
    return found(`${kind} where the service is as bad as its budget, of ${boundary.length}`, same, atMostByChance(boundary.length));
  };
  const [lies, undecided] = [all((tally) => tally.lies), all((tally) => tally.undecided)];
  return [
    found(`worlds with an untrue verdict or count, of ${sum(({ worlds }) => worlds)}`, lies, 0),
    found(`easy objectives that were not decided, of ${easy}`, undecided, 0.1 * easy),
    verdicts("met"),
    verdicts("exceeded"),
  ];
}

measure("verdicts on thousands of simulated services against the truth", run);
