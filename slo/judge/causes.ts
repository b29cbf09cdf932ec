import { z } from "zod";
import type { Cell } from "../collect/causes.ts";
import type { Count, CumulativePoint } from "../collect/measurement.ts";
import { complement } from "./clopper-pearson.ts";
import { overRepresented } from "./hypergeometric.ts";
import { count } from "./verdict.ts";

/** A part of the events that holds more bad ones than chance gives it; `p` is corrected for all that was looked at. */
const outlier = z.strictObject({ count, p: z.number() });
type StandsOut = z.infer<typeof outlier>;

export const cause = z.strictObject({
  /** The route that they are of; absent where no route stands out. */
  subject: z.strictObject({ method: z.string(), route: z.string() }).optional(),
  count,
  /** The objective's other events, but for those of routes that stand out too. */
  elsewhere: count,
  /** Absent where there was nothing to compare it with. */
  p: z.number().optional(),
  /** Most first; a status of "0" is no answer. */
  outcomes: z.array(
    z.strictObject({
      outcome: z.strictObject({ kind: z.enum(["answer", "wrongContents", "slow"]), status: z.string(), errorCode: z.string() }),
      count: z.number(),
    }),
  ),
  /** How many instances its events are of, and those that stand out among them. */
  instances: z.number(),
  instance: z.array(z.strictObject({ name: z.string(), ...outlier.shape })),
});
type Cause = z.infer<typeof cause>;

/** When bad events came: Unix seconds. */
export const moments = z.strictObject({
  firstSeconds: z.number(),
  lastSeconds: z.number(),
  /** No event that is known came before the first bad one. */
  fromStart: z.boolean(),
  /** Events before the first bad one and after the last one, where so many without a bad one are no chance. */
  before: outlier.optional(),
  after: outlier.optional(),
  worst: z.strictObject({ ...outlier.shape, fromSeconds: z.number(), toSeconds: z.number() }).optional(),
});

const add = (counts: readonly Count[]): Count => ({
  total: counts.reduce((sum, { total }) => sum + total, 0),
  bad: counts.reduce((sum, { bad }) => sum + bad, 0),
});
const less = (whole: Count, part: Count): Count => ({ total: whole.total - part.total, bad: whole.bad - part.bad });
/** Counts may be of different moments by an event or two; no part of a test is larger than its whole. */
const countOf = (cells: readonly Cell[]): Count =>
  add(
    cells.map(({ total, bad }) => {
      const bads = bad.reduce((sum, { count }) => sum + count, 0);
      return { total: Math.max(total, bads), bad: bads };
    }),
  );

/** Tells what stands out at all; `p` corrected for the number of comparisons. */
function standsOut(part: Count, whole: Count, { count, alpha }: Tests): StandsOut | undefined {
  const p = Math.min(1, overRepresented(part, whole) * count);
  return p <= alpha ? { count: part, p } : undefined;
}

/** Counts every comparison that could be made: each route, and within each of them and within all every instance, the two ends and each step of time. */
export function testsOf(cells: readonly Cell[], steps: number, confidence: number) {
  const routes = Map.groupBy(cells, ({ method, route }) => JSON.stringify([method, route])).size;
  const instances = new Set(cells.map(({ instance }) => instance)).size;
  return { count: routes + (routes + 1) * (instances + 2 + steps), alpha: complement(confidence) };
}
/** How many comparisons may be made of one objective, and how sure one must be after all of them (Bonferroni). */
export type Tests = ReturnType<typeof testsOf>;

/** Finds the routes that hold more of the bad events than chance, those with most beyond it first; or says what is known of all events together. */
export function findCauses(cells: readonly Cell[], tests: Tests): Cause[] {
  const whole = countOf(cells);
  if (whole.bad === 0) return [];
  const routes = [...Map.groupBy(cells, ({ method, route }) => JSON.stringify([method, route])).values()];
  const found = routes.flatMap((own) => {
    const out = routes.length > 1 ? standsOut(countOf(own), whole, tests) : undefined;
    return out === undefined ? [] : [{ own, out }];
  });
  const nothing: Count = { total: 0, bad: 0 };
  const [only] = routes.length === 1 ? routes : [];
  if (found.length === 0) return [causeOf(cells, only?.[0], nothing, undefined, tests)];
  const elsewhere = less(whole, add(found.map(({ out }) => out.count)));
  const excess = ({ count: { bad, total } }: StandsOut): number => bad - (total * whole.bad) / whole.total;
  return found.toSorted((a, b) => excess(b.out) - excess(a.out)).map(({ own, out }) => causeOf(own, own[0], elsewhere, out.p, tests));
}

function causeOf(cells: readonly Cell[], of: Cell | undefined, elsewhere: Count, p: number | undefined, tests: Tests): Cause {
  const count = countOf(cells);
  const instances = [...Map.groupBy(cells, ({ instance }) => instance)];
  const bad = cells.flatMap(({ bad }) => bad);
  const outcomes = [...Map.groupBy(bad, ({ outcome }) => JSON.stringify(outcome)).values()].flatMap(([first, ...more]) =>
    first ? [{ outcome: first.outcome, count: more.reduce((sum, one) => sum + one.count, first.count) }] : [],
  );
  return {
    subject: of && { method: of.method, route: of.route },
    count,
    elsewhere,
    p,
    outcomes: outcomes.toSorted((a, b) => b.count - a.count),
    instances: instances.length,
    instance: instances.flatMap(([name, own]) => {
      const out = instances.length > 1 ? standsOut(countOf(own), count, tests) : undefined;
      return out === undefined ? [] : [{ name, ...out }];
    }),
  };
}

/**
 * Finds when bad events came. Series do not count up at the same instant, so what came before and after them is counted from that much
 * further away, and a step is compared with the events around it, too.
 */
export function momentsOf(points: readonly CumulativePoint[], skewSeconds: number, tests: Tests): z.infer<typeof moments> | undefined {
  const [first, second] = points;
  const end = points.at(-1);
  if (first === undefined || second === undefined || end === undefined || end.bad === 0) return undefined;
  const skew = Math.ceil(skewSeconds / (second.atSeconds - first.atSeconds) - 1e-6);
  const firstAt = points.findIndex(({ bad }) => bad > 0);
  const lastAt = points.findIndex(({ bad }) => bad === end.bad);
  const at = (i: number): Count => (i < 0 ? { total: 0, bad: 0 } : (points[i] ?? end));
  const quietBefore = at(firstAt - 1 - skew).total;
  const quietAfter = end.total - at(lastAt + skew).total;
  const without = (quiet: number): StandsOut | undefined => {
    const out = standsOut({ total: end.total - quiet, bad: end.bad }, end, tests);
    return out && { count: { total: quiet, bad: 0 }, p: out.p };
  };
  // A step that stands out from the stretch between the first and the last bad event.
  const stretch = less(at(lastAt + skew), at(firstAt - 1 - skew));
  const worst = points.slice(firstAt, lastAt + 1).flatMap((to, n) => {
    const i = firstAt + n;
    const from = points[i - 1];
    const count = { total: less(at(i + skew), at(i - 1 - skew)).total, bad: less(to, at(i - 1)).bad };
    const out = from && count.bad <= count.total ? standsOut(count, stretch, tests) : undefined;
    return from && out ? [{ ...out, fromSeconds: from.atSeconds, toSeconds: to.atSeconds }] : [];
  });
  return {
    firstSeconds: points[firstAt - 1]?.atSeconds ?? first.atSeconds,
    lastSeconds: points[lastAt]?.atSeconds ?? end.atSeconds,
    fromStart: at(firstAt - 1).total === 0,
    before: without(quietBefore),
    after: without(quietAfter),
    worst: worst.toSorted((a, b) => a.p - b.p || b.count.bad - a.count.bad)[0],
  };
}
