import { row, shown, type Bench, type Row, type Unit } from "./figure.fixture.ts";
import { measure } from "./measure.fixture.ts";
import { loadFromPods } from "./pods.fixture.ts";

async function run(bench: Bench): Promise<Row[]> {
  const [rows, verdicts]: [Row[], Map<number, number>] = [[], new Map()];
  for (const pods of bench.quick ? [1, 10] : [1, 10, 40, 100, 200]) {
    const { counts, ...got } = await loadFromPods(bench, pods);
    const differ = Object.values(counts).filter((all) => new Set(all).size > 1).length;
    const add = (what: string, unit: Unit, value: number): number => rows.push(row(`${pods} pods: ${what}`, unit, [value]));
    rows.push(row(`${pods} pods: counts that differ between k6, relay, Prometheus and service`, "count", [differ], 0, "worst"));
    add("until all are ready", "seconds", got.startSeconds);
    add("from there until the first k6 begins", "seconds", got.barrierSeconds);
    add("from k6's end until all have told their totals", "seconds", got.totalsSeconds);
    add("from there until the verdict", "seconds", got.verdictSeconds);
    add("series of a pod", "count", Math.round(got.series));
    add("characters that a pod says in its log", "count", Math.round(got.saidBytes));
    verdicts.set(pods, got.verdictSeconds);
    bench.say(`${pods} pods: ${counts.requests.join(" = ")} requests, the verdict after ${shown(got.verdictSeconds, "seconds")}`);
  }
  const most = Math.max(...verdicts.keys());
  const grown = (verdicts.get(most) ?? Number.NaN) / (verdicts.get(10) ?? Number.NaN);
  const growth = row(`the verdict's time of ${most} pods ÷ of 10 (${most / 10} would be linear)`, "ratio", [grown], most / 10);
  return [...rows, growth];
}

measure("1 to 200 load pods as local processes: exact counts first, then what starts, meets, tells and judges them", run);
