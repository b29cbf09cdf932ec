import { complement } from "../../judge/clopper-pearson.ts";
import { sideOf } from "../../spec/side.ts";
import type { Where } from "../../spec/spec.ts";
import { routes } from "./counting.ts";
import type { Random, World, WorldObjective } from "./world.ts";

type WorldIndicator = WorldObjective["indicator"];
type Ratio = Extract<WorldIndicator, { kind: "ratio" }>;

function indicatorsOf(world: World, random: Random): WorldIndicator[] {
  const { duration, labels } = world.counting.metrics;
  const where: Where = world.script === "none" && labels.route !== undefined && random.chance(0.25) ? { route: routes[0] } : {};
  if (labels.method !== undefined && random.chance(0.25)) where["method"] = "GET";
  const orders = (more: string): string => `orders_total{job="${world.id}"${more}}`;
  const [failed, ok] = [orders(`,result="failed"`), orders(`,result="ok"`)];
  const all: WorldIndicator[] = [
    { kind: "errors", side: "client", where },
    { kind: "errors", side: "server", where },
    { kind: "latency", side: "client", atMostSeconds: world.thresholdSeconds, where },
    ...(duration ? [{ kind: "latency", side: "server", atMostSeconds: world.thresholdSeconds, where } as const] : []),
    random.pick<Ratio>([
      { kind: "ratio", of: "bad", events: failed, total: orders("") },
      { kind: "ratio", of: "bad", events: failed, total: `${ok} + ${failed}` },
      { kind: "ratio", of: "good", events: ok, total: orders("") },
      { kind: "ratio", of: "bad", events: orders(`,reslt="failed"`), total: orders("") },
      { kind: "ratio", of: "bad", events: `orders_failed_total{job="${world.id}"}`, total: orders("") },
    ]),
  ];
  const ofScript: WorldIndicator[] = [
    { kind: "checks", name: checkName, where: {} },
    random.chance(0.7)
      ? { kind: "counter", part: "orders_failed", partIs: "bad", total: "orders", where: {} }
      : { kind: "counter", part: "orders_good", partIs: "good", total: "orders", where: {} },
  ];
  if (world.script !== "none") all.push(...ofScript);
  const first = Math.floor(random.between(0, all.length));
  return all.filter((_, i) => i === first || random.chance(0.3));
}

/** The check that a script of a world makes of each answer. */
export const checkName = "status is below 400";

const nameOf = (indicator: WorldIndicator): string => ("side" in indicator ? `${indicator.side} ${indicator.kind}` : indicator.kind);

/** Chooses a target that so many requests can prove or break, most of the time. */
export function objectivesOf(world: World, random: Random): WorldObjective[] {
  const expected = world.rate * world.seconds * world.requestsPerIteration;
  const provable = [0.9, 0.95, 0.99, 0.995, 0.999].filter((target) => expected * complement(target) >= 4);
  const targetRatio = random.chance(0.92) && provable.length > 0 ? random.pick(provable) : random.pick([0.9, 0.99, 0.999]);
  const place = { file: "world", line: 1, column: 1 };
  const whole = indicatorsOf(world, random).map((indicator) => ({ name: nameOf(indicator), targetRatio, indicator, place }));
  const inPhase: WorldObjective[] = whole.flatMap((objective) =>
    world.script === "none" && sideOf(objective.indicator) === "client" && random.chance(0.6)
      ? [{ ...objective, name: `${objective.name}, late`, phase: world.phase.name }]
      : [],
  );
  return [...whole, ...inPhase];
}
