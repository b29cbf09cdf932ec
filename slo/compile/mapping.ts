import { k6Labels } from "../spec/names.ts";
import type { Metrics } from "../spec/presets.ts";
import type { Where } from "../spec/spec.ts";
import { is, isOneOf, matches, matchesNot, regexEscape, withLabels, type Matcher } from "./promql.ts";
import type { Scope } from "./scope.ts";

export type ServiceScope = Scope & { metrics: Metrics };

/** Our words in `where`, which every service and k6 have labels of their own for. */
export const ourWords = ["method", "route", "status"] as const;
export const isOurs = (label: string): label is (typeof ourWords)[number] => ourWords.some((word) => word === label);

/** A parameter in a route, as frameworks and their metrics write it: `:id`, `{id}`, `<id>` or `#id`. */
const parameter = /^(?:[:#](\w+)|\{(\w+)\}|<(\w+)>)$/;

/** Writes a route as a pattern that takes each spelling of its parameters; routes that ask for the same have the same one. */
function routePattern(route: string): string {
  const segments = route.split("/").map((segment) => {
    const [, colon, braces = colon, angles = braces] = parameter.exec(segment) ?? [];
    return angles === undefined ? regexEscape(segment) : `[:#{<]${angles}[}>]?`;
  });
  return segments.join("\\/");
}

/** Tells whether two routes are the same, however their parameters are spelled. */
export const isSameRoute = (one: string, other: string): boolean => routePattern(one) === routePattern(other);

/** Matches any of some routes, whose parameters may be spelled otherwise. */
export const isRoute = (label: string, routes: readonly string[]): Matcher => matches(label, routes.map(routePattern).join("|"));

function isRouteOf(label: string, route: string): Matcher {
  return route.split("/").some((segment) => parameter.test(segment)) ? isRoute(label, [route]) : is(label, route);
}

/** Compares what a filter asks for with the labels of k6's series. */
export function sentWhere(where: Where): Matcher[] {
  return Object.entries(where).map(([label, value]) => (label === "route" ? isRouteOf(k6Labels.name, value) : is(label, value)));
}

/** Compares what a filter asks for with the service's own labels; a method may be written small there. */
function servedAs({ labels }: Metrics, where: Where): Matcher[] {
  return Object.entries(where).map(([label, value]) => {
    const mapped = isOurs(label) ? (labels[label] ?? label) : label;
    if (label === "method") return isOneOf(mapped, [value, value.toLowerCase()]);
    return label === "route" ? isRouteOf(mapped, value) : is(mapped, value);
  });
}

/** Selects the service's series that a filter asks for, of the load's own routes where they are known. */
export function servedWhere({ server, routes = [], unasked, metrics }: ServiceScope, where: Where): Matcher[] {
  const { route } = metrics.labels;
  const fixed = { ...server, ...metrics.where, ...server };
  const stated = Object.fromEntries(Object.entries(where).filter(([label, value]) => fixed[label] !== value));
  const anyRoute = route !== undefined && where["route"] === undefined;
  const rest = anyRoute && unasked !== undefined ? [matchesNot(route, unasked)] : [];
  const own = anyRoute && routes.length > 0 ? [isRoute(route, routes)] : rest;
  return [...withLabels(fixed), ...servedAs(metrics, stated), ...own];
}

const isClass = (status: string): boolean => status.endsWith("xx");

/** Matches the statuses that are errors; of a class in every spelling that there is: 503, 5xx, 5. */
export function isError(label: string, { errors }: Metrics): Matcher {
  return matches(label, errors.map((status) => (isClass(status) ? `${status[0]}.*` : status)).join("|"));
}

/** Matches the statuses that are certainly no errors: what is none, like UNKNOWN, or a class of which only some are errors, may be one. */
export function isNoError(label: string, metrics: Metrics): Matcher[] {
  const split = new Set(metrics.errors.filter((status) => !isClass(status)).map((status) => status[0]));
  const whole = ["1", "2", "3", "4", "5"].filter((digit) => !split.has(digit));
  const classes = whole.length > 0 ? [`[${whole.join("")}](xx|XX)?`] : [];
  const { label: name, value } = isError(label, metrics);
  return [matches(label, ["[1-9][0-9][0-9]", ...classes].join("|")), matchesNot(name, value)];
}
