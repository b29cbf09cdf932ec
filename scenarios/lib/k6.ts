/**
 * What scripts for any service import as `plimsoll/k6`: a typed client whose requests are named by route, know their right statuses and are
 * counted as slow or wrong by the spec's objectives; load shapes with a warm-up; a deck that keeps a mix exact.
 */
import exec from "k6/execution";
import type { Options, Scenario } from "k6/options";
import { openClient, timeoutSeconds, type OperationShape } from "./client.ts";
import { scenarioBegan } from "./counters.ts";
import { actionDeck, type MixEntry } from "./mix.ts";
import { settingsReader, usageError } from "./quantities.ts";
import { constant, k6Duration, phasesIn, vusFor, warmupName, type Shape, type Size } from "./shapes.ts";

export type { Call, CallOptions, Input, OperationShape } from "./client.ts";
export { climb, constant, plateau, ramp, spike, stairs, type Leg, type Shape, type Size } from "./shapes.ts";

type Methods = "get" | "put" | "post" | "delete" | "patch" | "head" | "options";
type Content<Of> = Of extends { content: infer Types } ? Types[keyof Types] : never;
type ParameterOf<Op, In extends string> = Op extends { parameters: { [K in In]?: infer Given } } ? Exclude<Given, undefined> : never;
type Has<Key extends string, Value> = [Value] extends [never] ? unknown : { [K in Key]: Value };
type Operation<Op> = Has<"params", ParameterOf<Op, "path">> &
  Has<"query", ParameterOf<Op, "query">> &
  Has<"body", Op extends { requestBody?: infer Body } ? Content<NonNullable<Body>> : never> & {
    responses: Op extends { responses: infer Answers }
      ? { [Status in keyof Answers & number]: Content<Answers[Status]> }
      : OperationShape["responses"];
  };

/** The operations of an OpenAPI document, from the type `paths` that openapi-typescript writes of it: `"GET /orders/{id}"` and so on. */
export type OpenApi<Paths> = {
  [
    Name in {
      [Path in keyof Paths & string]: {
        [Method in keyof Paths[Path] & Methods]: Paths[Path][Method] extends undefined ? never : `${Uppercase<Method>} ${Path}`;
      }[keyof Paths[Path] & Methods];
    }[keyof Paths & string]
  ]: Name extends `${infer Method} ${infer Path}`
    ? Path extends keyof Paths
      ? Lowercase<Method> extends keyof Paths[Path]
        ? Operation<NonNullable<Paths[Path][Lowercase<Method>]>>
        : never
      : never
    : never;
};

/** An operation of an API that nobody described: any method and route. */
export type AnyApi = Record<
  `${string} /${string}`,
  { params?: Record<string, string | number>; query?: Record<string, unknown>; body?: unknown; responses: Record<number, unknown> }
>;

/** Prepares the calls of the service at `target`, by default the one that the command line names. */
export function client<Of extends { [Name in keyof Of]: OperationShape } = AnyApi>(
  target: string = __ENV["PLIMSOLL_TARGET"] ?? "http://127.0.0.1:5000",
) {
  const thresholdsSeconds = (__ENV["PLIMSOLL_SLOW_THRESHOLDS"] ?? "")
    .split(",")
    .map(Number)
    .filter((seconds) => seconds > 0);
  return openClient<Of>(target.replace(/\/+$/, ""), { thresholdsSeconds, announces: true });
}

/** A load in the open model; `name` is its scenario's, by which a spec can override targets. */
export interface Load extends Pick<Size, "peakRate" | "seconds"> {
  name: string;
  shape: Shape;
  /** How long a fifth of the peak runs before it, which is not judged; 3 by default, 0 for none. */
  warmupSeconds?: number;
  maxVUs?: number;
  /** How many requests an iteration sends at most: it is given the time to end them. */
  requests?: number;
  /** How many requests of each route an iteration sends on average, for what is expected of the run; it need not be known. */
  mix?: readonly MixEntry[];
}

/** The warm-up stops within the first second of the gap; then nothing is sent, so that a scrape between the two reads the service's counters. */
const gapSeconds = Math.max(2.5, Number(__ENV["PLIMSOLL_SCRAPE_INTERVAL"] ?? 0) + 2);

/**
 * Makes what a script exports: k6's options, the warm-up and, as its default, the load itself. `--rate` and `--duration` stand above what is
 * given. Iterations are counted from 0 in each of the two k6 scenarios.
 */
export function openLoad(load: Load, iterate: (iteration: number, scenario: string) => void) {
  // Each tells once for each VU when its k6 scenario began; VUs go from the warm-up to the load.
  const played = (scenario: string): (() => void) => {
    // `exec.scenario` builds an object at each access (7 µs); its getters stay current, so each VU keeps one.
    let current: typeof exec.scenario | undefined;
    return () => {
      if (current === undefined) {
        current = exec.scenario;
        scenarioBegan(current.startTime);
      }
      iterate(current.iterationInTest, scenario);
    };
  };
  // k6 reads the options from its first look at the script only.
  return { options: __VU === 0 ? optionsOf(load) : {}, warmup: played(warmupName), run: played(load.name) };
}

/** Plans a fifth of the peak as warm-up, which is not judged, and the shape itself. */
function optionsOf({ name, shape, warmupSeconds = 3, requests = 1, mix = [], ...given }: Load): Options {
  const { problems, readSize } = settingsReader();
  const { peakRate, seconds } = readSize(__ENV, given);
  if (problems.length > 0) throw usageError(problems);
  const { maxVUs = vusFor(peakRate) } = given;
  const warmupRate = Math.max(Math.min(peakRate, 5), peakRate / 5);
  const warmup: Scenario = {
    ...constant({ peakRate: warmupRate, seconds: warmupSeconds, maxVUs: Math.min(maxVUs, Math.max(10, Math.ceil(warmupRate))) }),
    exec: warmupName,
    gracefulStop: "1s",
  };
  const measured: Scenario = {
    ...shape({ peakRate, seconds, maxVUs }),
    startTime: k6Duration(warmupSeconds + gapSeconds),
    // With this its requests come to an end of their own and are counted.
    gracefulStop: k6Duration(requests * timeoutSeconds + 2),
  };
  return {
    scenarios: warmupSeconds > 0 ? { [warmupName]: warmup, [name]: measured } : { [name]: measured },
    maxRedirects: 0,
    noCookiesReset: true,
    ext: { plimsoll: { mix, phases: phasesIn(shape, seconds) } },
  };
}

/** Says which of some actions an iteration plays; whole numbers are their weights, and each pass through the deck holds exactly the mix. */
export function deck<Name extends string>(weights: Readonly<Record<Name, number>>, seed = 1): (iteration: number) => Name {
  const cards = actionDeck(weights, seed);
  return (iteration) => cards[iteration % cards.length] as Name;
}
