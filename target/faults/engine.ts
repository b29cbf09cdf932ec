import { type Delay, type FaultKind, type FaultRule, ruleMatches } from "./rules.ts";

/** What happens to a request before its handler runs: a wait, and perhaps an end; or to a good answer before it is sent. */
export interface Interference {
  waitSeconds: number;
  /** How much longer the store takes. */
  storeSeconds: number;
  /** The kind of the last rule that had a part in it. */
  kind: FaultKind;
  end: { kind: "none" } | { kind: "error"; status: number } | { kind: "drop" } | { kind: "crash" } | { kind: "spoil" };
}

/** Decides which requests are spoilt; knows nothing of HTTP and takes the time as a parameter (seconds, monotonic). */
export type FaultEngine = ReturnType<typeof createFaultEngine>;

/** Makes an engine without rules; `onInjected` hears of each fault once. After a rule that ends the request later ones do not see it: `injected` is always floor(`matched` / `every`). */
export function createFaultEngine(onInjected: (method: string, route: string, kind: FaultKind) => void) {
  let rules: LiveRule[] = [];

  const ask = (ofAnswers: boolean, method: string, route: string, nowSeconds: number): Interference | undefined => {
    let found: Interference | undefined;
    for (const live of rules) {
      if (spoilsAnswers(live.rule) !== ofAnswers || !ruleMatches(live.rule, method, route)) continue;
      const effect = meet(live, nowSeconds);
      if (effect === undefined) continue;
      live.injected += 1;
      onInjected(method, route, effect.kind);
      const [waitSeconds, storeSeconds] = [found?.waitSeconds ?? 0, found?.storeSeconds ?? 0];
      found = { ...effect, waitSeconds: waitSeconds + effect.waitSeconds, storeSeconds: storeSeconds + effect.storeSeconds };
      if (found.end.kind !== "none") return found;
    }
    return found;
  };
  return {
    set: (next: readonly FaultRule[], nowSeconds: number): void => {
      rules = next.map((rule, index) => enliven(rule, index, nowSeconds));
    },
    isEmpty: (): boolean => rules.length === 0,
    report: () => rules.map(({ rule, matched, injected }) => ({ rule, matched, injected })),
    /** Decides on a request that has arrived; `undefined` where no rule applies. */
    before: (method: string, route: string, nowSeconds: number) => ask(false, method, route, nowSeconds),
    /** Decides on an answer that worked; `undefined` where no rule applies. */
    after: (method: string, route: string) => ask(true, method, route, 0)?.kind,
  };
}

type LiveRule = ReturnType<typeof enliven>;

function enliven(rule: FaultRule, index: number, nowSeconds: number) {
  const seed = ("seed" in rule ? rule.seed : undefined) ?? index + 1;
  /** When a stall's clock began, in seconds; `undefined` until then. */
  const since = rule.kind === "stall" && rule.from === "activation" ? nowSeconds : undefined;
  /** What a leak keeps; it goes with the rule. */
  const kept: Uint8Array[] = [];
  return { rule, matched: 0, injected: 0, random: seededRandom(seed), since, kept };
}

const spoilsAnswers = ({ kind }: FaultRule): boolean => kind === "delete-answers-500" || kind === "wrong-contents";

const nothing = { waitSeconds: 0, storeSeconds: 0, end: { kind: "none" } } as const;

/** Counts the request as matched and gives what the rule does to it, if anything. */
function meet(live: LiveRule, nowSeconds: number): Interference | undefined {
  live.matched += 1;
  const { rule } = live;
  if (!isPicked(live)) return undefined;
  const { kind } = rule;
  switch (kind) {
    case "stall": {
      live.since ??= nowSeconds;
      const begin = live.since + rule.afterSeconds;
      const end = begin + rule.forSeconds;
      return nowSeconds >= begin && nowSeconds < end ? { ...nothing, kind, waitSeconds: end - nowSeconds } : undefined;
    }
    case "latency":
      return { ...nothing, kind, waitSeconds: drawDelay(rule.seconds, live.random) };
    case "slow-store":
      return { ...nothing, kind, storeSeconds: drawDelay(rule.seconds, live.random) };
    case "error":
      return { ...nothing, kind, end: { kind, status: rule.status } };
    case "leak":
      // Written to, for memory that nobody wrote to is none of the machine's.
      live.kept.push(new Uint8Array(rule.bytes).fill(1));
      return { ...nothing, kind };
    case "drop":
    case "crash":
      return { ...nothing, kind, end: { kind } };
    case "delete-answers-500":
    case "wrong-contents":
      return { ...nothing, kind, end: { kind: "spoil" } };
  }
}

function isPicked({ rule, matched, random }: LiveRule): boolean {
  if (rule.kind === "stall") return true;
  if (rule.every !== undefined) return matched % rule.every === 0;
  return rule.share === undefined || random() < rule.share;
}

function drawDelay(delay: Delay, random: () => number): number {
  if ("constant" in delay) return delay.constant;
  if ("uniform" in delay) return delay.uniform.min + (delay.uniform.max - delay.uniform.min) * random();
  return Math.min(delay.exponential.max, -Math.log(1 - random()) * delay.exponential.mean);
}

/** Makes a generator of numbers in [0, 1) that repeats for the same seed (mulberry32, public domain, by Tommy Ettinger). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
