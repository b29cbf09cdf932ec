import fc from "fast-check";
import { expect, test } from "vitest";
import type { Count, CumulativePoint, Measurement } from "../collect/measurement.ts";
import { presetNamed } from "../spec/presets.ts";
import type { Spec } from "../spec/spec.ts";
import { judge } from "./judge.ts";
import type { Verdict } from "./verdict.ts";

const specOf = (targetRatio: number, confidence = 0.95): Spec => ({
  version: 1,
  service: "shop",
  confidence,
  periodSeconds: 2_592_000,
  objectives: [
    { name: "o", targetRatio, indicator: { kind: "errors", side: "client", where: {} }, place: { file: "s.yaml", line: 1, column: 1 } },
  ],
  metrics: presetNamed("fastify"),
  scenarios: {},
});

function verdictOf(spec: Spec, best: Count, worst = best, cumulative: CumulativePoint[] = []): Verdict {
  const measured: Measurement = {
    kind: "counted",
    objective: "o",
    best,
    worst,
    caveats: [],
    cumulative,
    timestampSkewSeconds: 0,
    queries: { total: "", bad: "" },
  };
  const [verdict] = judge(spec, [measured], { caveats: [], openModel: true }).verdicts;
  if (verdict === undefined) throw new Error("no verdict");
  return verdict;
}

/** Spreads evenly from 0 to 1; fast-check's own doubles are nearly all next to 0. */
const shares = fc.integer({ min: 0, max: 10_000 }).map((per) => per / 10_000);

const rank = { met: 0, inconclusive: 1, exceeded: 2 } as const;
const targets = fc.constantFrom(0.5, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999);
const counts = fc
  .record({ total: fc.integer({ min: 1, max: 100_000 }), share: shares })
  .map(({ total, share }) => ({ total, bad: Math.floor(total * share ** 8) }));

test("more bad events never improve the verdict", () => {
  fc.assert(
    fc.property(targets, counts, fc.nat(50), (target, { total, bad }, more) => {
      const worse = { total, bad: Math.min(total, bad + more) };
      expect(rank[verdictOf(specOf(target), worse).kind]).toBeGreaterThanOrEqual(rank[verdictOf(specOf(target), { total, bad }).kind]);
    }),
  );
});

test("more evidence at the same ratio never turns one proof into the other", () => {
  fc.assert(
    fc.property(targets, counts, fc.integer({ min: 2, max: 64 }), (target, { total, bad }, times) => {
      const before = verdictOf(specOf(target), { total, bad }).kind;
      const after = verdictOf(specOf(target), { total: total * times, bad: bad * times }).kind;
      expect([before, after].toSorted()).not.toEqual(["exceeded", "met"]);
    }),
  );
});

test("more caveat never proves more", () => {
  fc.assert(
    fc.property(targets, counts, fc.nat(40), fc.nat(40), (target, best, moved, added) => {
      const worst = { total: best.total + added, bad: Math.min(best.total, best.bad + moved) + added };
      const sure = verdictOf(specOf(target), best).kind;
      const unsure = verdictOf(specOf(target), best, worst).kind;
      expect([sure, "inconclusive"]).toContain(unsure);
      expect(verdictOf(specOf(target), worst).kind === "met" && unsure !== "met").toBe(false);
    }),
  );
});

test("whatever is measured gives a verdict, and absurd counts never met", () => {
  const any = fc.oneof(fc.double(), fc.integer({ min: -5, max: 5000 }));
  const count = fc.record({ total: any, bad: any });
  const points = fc.array(fc.record({ atSeconds: any, total: any, bad: any }), { maxLength: 40 });
  fc.assert(
    fc.property(targets, count, count, points, (target, best, worst, cumulative) => {
      const verdict = verdictOf(specOf(target), best, worst, cumulative);
      const sound = [best, worst].every(
        ({ total, bad }) => total > 0 && bad > -1e-5 && bad <= total + 1e-5 && Math.abs(bad - Math.round(bad)) < 1e-5,
      );
      if (!sound) expect(verdict.kind).toBe("inconclusive");
    }),
    { numRuns: 500 },
  );
});

test("a run that is cut into moments is judged as the whole is, or worse by a fast burn", () => {
  const seconds = fc.array(fc.record({ total: fc.integer({ min: 1, max: 300 }), share: shares }), {
    minLength: 1,
    maxLength: 200,
  });
  fc.assert(
    fc.property(targets, seconds, (target, each) => {
      let [total, bad] = [0, 0];
      const cumulative = each.map((second, i) => {
        total += second.total;
        bad += Math.floor(second.total * second.share ** 12);
        return { atSeconds: 1000 + i, total, bad };
      });
      const whole = verdictOf(specOf(target), { total, bad }).kind;
      const cut = verdictOf(specOf(target), { total, bad }, undefined, cumulative);
      const fastBurn = cut.evidence?.windows.some(({ kind }) => kind === "fastBurn") === true;
      expect(cut.kind).toBe(fastBurn ? "exceeded" : whole);
    }),
  );
});
