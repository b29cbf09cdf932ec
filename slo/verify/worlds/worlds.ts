import { tellsSlow } from "./counting.ts";
import type { PrometheusApi } from "../../collect/prometheus.ts";
import { complement, provesExceeded, provesMet } from "../../judge/clopper-pearson.ts";
import { sideOf } from "../../spec/side.ts";
import { worldOf } from "./generate.ts";
import { happen } from "./happen.ts";
import { judgeWorld, type JudgedObjective } from "./judge-world.ts";
import { confidence, findingOf, findingText, type Finding } from "./truth.ts";
import { podSeries } from "./k6-series.ts";
import { scraped } from "./scrapes.ts";
import type { World } from "./world.ts";
import { writeSeries } from "./write.ts";

/** Quantiles and means are drawn, and no verdict rests on them. */
const isPicture = /histogram_quantile|sum\+by\+%28(?:le|method)/;

/** Answers a question that was asked before from memory, for a world does not change while it is judged; and one that is only drawn with nothing. */
function remembering(api: PrometheusApi): PrometheusApi {
  const known = new Map<string, Promise<string>>();
  const ask = async (url: string, init: RequestInit | undefined): Promise<string> => {
    const resultType = url.endsWith("query_range") ? "matrix" : "vector";
    if (isPicture.test(String(init?.body))) return JSON.stringify({ status: "success", data: { resultType, result: [] } });
    return (await api.fetch(url, init)).text();
  };
  return {
    ...api,
    fetch: async (url, init) => {
      const key = `${String(url)} ${String(init?.body)}`;
      const answer = known.get(key) ?? ask(String(url), init);
      known.set(key, answer);
      return new Response(await answer);
    },
  };
}

export async function tryWorld(api: PrometheusApi, seed: number, index: number, nowSeconds: number) {
  // A whole hour, so that the moments at which Prometheus looks are the same each time, and a day and more ago.
  const origin = Math.floor(nowSeconds / 3600) * 3600 - 27 * 3600;
  const world = worldOf(seed, index);
  const happened = happen(world, seed);
  const pods = world.pods.map((_, pod) => podSeries(world, happened, pod, origin));
  const service = scraped(world, happened, origin);
  await writeSeries(api.url, [...pods.flatMap(({ held }) => held), ...service.held]);
  const sides = { sent: pods.map(({ sent }) => sent), twiceAt: service.twiceAt };
  const judged = await judgeWorld(remembering(api), world, happened, sides, origin);
  const findings = judged.flatMap((one) => {
    const objective = world.objectives.find(({ name }) => name === one.name);
    return objective ? [findingOf(world, happened, objective, one, { origin, answered: service.answered })] : [];
  });
  return { world, findings };
}

/** Tells whether a selector of a ratio has a slip, or is of a metric that may come with the first bad event: no series of it proves nothing. */
const isUnproved = (events: string): boolean => events.includes("reslt") || events.startsWith("orders_failed_total");

/**
 * Tells whether an objective may stay open where nothing goes wrong: no name proves that a request went to another host, so a script that asks
 * others too leaves the service's side open; so do buckets that do not tell fast from slow, and counters that may not exist yet, or that setup raised as well.
 */
function isOpen({ script, counting }: World, { objective: { indicator }, truth }: Finding): boolean {
  if (sideOf(indicator) === "client") return false;
  if (script === "other hosts") return true;
  switch (indicator.kind) {
    case "errors":
    case "checks":
    case "counter":
      return false;
    case "latency":
      return !tellsSlow(counting);
    case "ratio":
      return isUnproved(indicator.events) || truth.apart > 0;
  }
}

/** Tells whether an objective should be decided: nothing goes wrong, and the truth itself proves it, whichever way setup and warm-up went. */
function isEasy(world: World, finding: Finding): boolean {
  const { objective, truth } = finding;
  if (world.words.length > 0 || !world.openModel || objective.phase !== undefined || isOpen(world, finding)) return false;
  const { kindest, harshest, apart } = truth;
  const worst = { bad: harshest.bad + apart, total: harshest.total + apart };
  const best = { bad: Math.max(0, kindest.bad - apart), total: kindest.total };
  return provesMet(worst, objective.targetRatio, confidence) || provesExceeded(best, objective.targetRatio, confidence);
}

/** Which worlds are tried: `from` to `to` of a seed; a world with a lie is said as soon as it is found. */
export interface Trial {
  seed: number;
  from: number;
  to: number;
  nowSeconds: number;
  say: (line: string) => void;
}

/** What many worlds have shown, an item for each objective or world that it is about. */
export type Tally = ReturnType<typeof emptyTally>;
const emptyTally = () => ({
  worlds: 0,
  /** One line for each world with a lie, which makes it again. */
  lies: [] as string[],
  /** Objectives that should have been decided, and those that were not. */
  easy: 0,
  undecided: [] as string[],
  /** Verdicts where the service is exactly as bad as its budget allows, so that chance alone decides. */
  boundary: [] as JudgedObjective["verdict"][],
});

export async function tryWorlds(api: PrometheusApi, { seed, from, to, nowSeconds, say }: Trial): Promise<Tally> {
  const tally = emptyTally();
  let next = from;
  const tryNext = async (): Promise<void> => {
    const index = next++;
    const { world, findings } = await tryWorld(api, seed, index, nowSeconds);
    const line = (about: readonly Finding[]): string =>
      `SEED=${seed} ONLY=${index} npm run bench -- worlds: ${world.words.join(", ")} | ${about.map(findingText).join(" | ")}`;
    const told = findings.filter(({ lies }) => lies.length > 0);
    const easy = findings.filter((finding) => isEasy(world, finding));
    tally.worlds += 1;
    tally.easy += easy.length;
    tally.undecided.push(...easy.filter(({ judged }) => judged.verdict === "inconclusive").map((finding) => line([finding])));
    if (world.words.length === 0 && world.badness === 1) tally.boundary.push(...findings.map(({ judged }) => judged.verdict));
    if (told.length === 0) return;
    tally.lies.push(line(told));
    say(line(told));
  };
  const work = async (): Promise<void> => {
    while (next < to) await tryNext();
  };
  await Promise.all(Array.from({ length: 4 }, work));
  return tally;
}

/** Gives how many of so many verdicts may be wrong by chance at the spec's confidence: their share, and three standard deviations. */
export function atMostByChance(verdicts: number): number {
  const share = complement(confidence);
  return verdicts * share + 3 * Math.sqrt(verdicts * share * (1 - share)) + 1;
}
