import { k6Labels, warmupScenario } from "../spec/names.ts";
import type { ScriptFacts } from "../spec/script-facts.ts";
import type { Where } from "../spec/spec.ts";
import { is, isNot, selector, withLabels, type Matcher, type PromQL } from "./promql.ts";

/** Says whose series are read: one run's on the client side, one service's on the server side. */
export interface Scope {
  testid: string;
  /** Labels that pick the service's own series, e.g. { job: "storage-api" }. */
  server: Where;
  /** The routes that the load asks for, where they are known: a service's own probes and scrapes are not its users' requests. */
  routes?: readonly string[];
  /** A pattern of routes that nobody's users ask for, where the load's own are not known. */
  unasked?: string;
  /** A user script ran, which sends what it likes: a client of ours need not have counted its requests. */
  isUserScript?: boolean;
  /** What is known of a user script; absent before the script was read, and where nobody asked what it counts when it ran. */
  script?: ScriptFacts | undefined;
  /** The parts of the load that have a name, seconds since the judged load began, and the k6 scenarios that are judged; absent before they are known. */
  phases?: { ofLoad: readonly { name: string; fromSeconds: number; toSeconds: number }[]; scenarios: readonly string[] };
}

/** Selects a k6 series of this run, all of it: setup and warm-up too. */
export const ofRun = (metric: string | undefined, testid: string, ...more: Matcher[]): PromQL =>
  selector(metric, [is(k6Labels.testid, testid), ...more]);

/** Selects a k6 series of this run, in the judged scenarios only (neither setup nor warm-up). */
export function judged(metric: string, testid: string, ...more: Matcher[]): PromQL {
  return ofRun(metric, testid, isNot(k6Labels.scenario, ""), isNot(k6Labels.scenario, warmupScenario), ...more);
}

/** Compares labels as k6 writes them: what a spec calls `route` is its `name`. */
export function clientWhere(where: Where): Matcher[] {
  return withLabels(where).map((matcher) => (matcher.label === "route" ? { ...matcher, label: k6Labels.name } : matcher));
}
