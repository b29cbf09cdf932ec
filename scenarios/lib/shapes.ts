import type { ConstantArrivalRateScenario, RampingArrivalRateScenario, Stage } from "k6/options";

/** How hard and how long: `peakRate` in iterations a second, `seconds` of measured load, `maxVUs` at work at once. */
export interface Size {
  peakRate: number;
  seconds: number;
  maxVUs: number;
}

/** The `scenario` label of the requests that nobody judges: the warm-up, and what fills a service before it. */
export const warmupName = "warmup";

/** A load in the open model: iterations begin when they are due, however slow the service is. */
export type ArrivalRate = ConstantArrivalRateScenario | RampingArrivalRateScenario;

export interface Shape {
  (size: Size): ArrivalRate;
  /** The parts of the load that have a name, in order. */
  phases?: readonly Phase[];
}

/** A part of a load from one share of its duration to another (0–1). */
export interface Phase {
  name: string;
  from: number;
  to: number;
}

/** A leg of a ramp: its share of the duration, the level of the peak that the rate has at its end (both 0–1), and the phase that it belongs to. */
export type Leg = readonly [share: number, level: number, phase?: string];

/** States when each phase of a shape's load is, from its beginning, seconds. */
export function phasesIn({ phases = [] }: Shape, seconds: number) {
  return phases.map(({ name, from, to }) => ({ name, fromSeconds: from * seconds, toSeconds: to * seconds }));
}

/** Writes seconds as k6 reads them, to the millisecond. */
export const k6Duration = (seconds: number): string => `${Math.round(seconds * 1000) / 1000}s`;

/** Counts the VUs that let one second of the peak rate wait: a longer stall shows as slow requests and dropped iterations. */
export const vusFor = (peakRate: number): number => Math.min(1000, Math.max(10, Math.ceil(peakRate)));

/** k6 takes whole rates only, so rates that are not whole are stated over 1,000 seconds. */
function wholeRates(rates: readonly number[]): { timeUnit: string; whole: (rate: number) => number } {
  if (rates.every(Number.isInteger)) return { timeUnit: "1s", whole: (rate) => rate };
  return { timeUnit: "1000s", whole: (rate) => Math.round(rate * 1000) };
}

export function constant({ peakRate, seconds, maxVUs }: Size): ConstantArrivalRateScenario {
  const { timeUnit, whole } = wholeRates([peakRate]);
  return {
    executor: "constant-arrival-rate",
    rate: whole(peakRate),
    timeUnit,
    duration: k6Duration(seconds),
    preAllocatedVUs: maxVUs,
    maxVUs,
  } satisfies ConstantArrivalRateScenario;
}

/** Makes the shape that begins at `startLevel` of the peak and moves in straight lines from leg to leg; the shares must sum to 1. */
export function ramp(startLevel: number, ...legs: readonly Leg[]): Shape {
  const shape: Shape = ({ peakRate, seconds, maxVUs }) => {
    const { timeUnit, whole } = wholeRates([startLevel, ...legs.map(([, level]) => level)].map((level) => level * peakRate));
    return {
      executor: "ramping-arrival-rate",
      startRate: whole(startLevel * peakRate),
      timeUnit,
      stages: legs.map(([share, level]): Stage => ({ duration: k6Duration(share * seconds), target: whole(level * peakRate) })),
      preAllocatedVUs: maxVUs,
      maxVUs,
    } satisfies RampingArrivalRateScenario;
  };
  return Object.assign(shape, { phases: phasesOf(legs) });
}

/** Joins the legs of one name that follow each other. */
function phasesOf(legs: readonly Leg[]): Phase[] {
  const phases: Phase[] = [];
  let from = 0;
  for (const [share, , name] of legs) {
    const before = phases.at(-1);
    if (before?.name === name && before?.to === from) before.to += share;
    else if (name !== undefined) phases.push({ name, from, to: from + share });
    from += share;
  }
  return phases;
}

/** Climbs to the peak in a tenth of the time, and stays. */
export const plateau = ramp(0.1, [0.1, 1, "ramp"], [0.9, 1, "plateau"]);

/** Leaps from an eighth of the peak to the peak and back, with a third of the time before and after. */
export const spike = ramp(
  0.125,
  [1 / 3, 0.125, "baseline"],
  [1 / 30, 1, "spike"],
  [8 / 30, 1, "spike"],
  [1 / 30, 0.125, "recovery"],
  [1 / 3, 0.125, "recovery"],
);

/** Climbs in equal steps, each a short rise and a hold. */
export function stairs(steps: number): Shape {
  const levels = Array.from({ length: steps }, (_, i) => (i + 1) / steps);
  return ramp(1 / (2 * steps), ...levels.flatMap((level, i) => [0.2, 0.8].map((share): Leg => [share / steps, level, `step ${i + 1}`])));
}

/** Climbs in one straight line from a hundredth of the peak, so that the moment of breaking names the rate. */
export const climb = ramp(0.01, [1, 1]);
