import { isSameRoute } from "../compile/mapping.ts";
import { canProve, type Provable } from "../judge/provable.ts";
import type { Plan } from "../run/plan.ts";
import { requestsAsked } from "../spec/side.ts";
import type { Indicator, Objective, Spec, Where } from "../spec/spec.ts";
import { shortList } from "./present.ts";

/** Says whether the planned requests can prove an objective; without a plan that is not known. */
export function provableBy(objective: Objective, { confidence }: Spec, plan: Plan | undefined): Provable {
  // How much of a load falls into a part of it is not reckoned.
  const isUnknown = plan === undefined || objective.phase !== undefined;
  return canProve(objective, confidence, isUnknown ? "unknown" : expectedOf(plan, objective.indicator));
}

const chosenFrom = ({ mix }: Plan, { method, route }: Where): Plan["mix"] =>
  mix.filter((one) => (method ?? one.method) === one.method && (route === undefined || isSameRoute(route, one.route)));

/** What else a plan tells of the events of an indicator. */
const planned: Partial<Record<Indicator["kind"], (plan: Plan) => number | undefined>> = {
  achieved: ({ offeredIterations }) => offeredIterations,
  throughput: ({ judgedSeconds }) => judgedSeconds,
};

/** Estimates how many events an objective will have; how a service or a script counts its own, no plan tells. */
function expectedOf(plan: Plan, indicator: Indicator): number | "unknown" {
  if (!("side" in indicator)) return planned[indicator.kind]?.(plan) ?? "unknown";
  const { method: _method, route: _route, ...others } = indicator.where;
  if (plan.offeredIterations === undefined || plan.mix.length === 0 || Object.keys(others).length > 0) return "unknown";
  return Math.floor(plan.offeredIterations * chosenFrom(plan, indicator.where).reduce((sum, { perIteration }) => sum + perIteration, 0));
}

/** Says that a load never sends what an objective is about; undefined where it does, or where nobody knows what a script sends. */
export function neverSent({ indicator }: Objective, plan: Plan): string | undefined {
  const where = requestsAsked(indicator);
  if (where === undefined || plan.mix.length === 0 || chosenFrom(plan, where).length > 0) return undefined;
  const asked = [where["method"], where["route"]].filter((part) => part !== undefined).join(" ");
  return `this scenario never sends ${asked}; it sends ${shortList(plan.mix.map(({ method, route }) => `${method} ${route}`))}`;
}
