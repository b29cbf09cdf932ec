/**
 * What scripts for any service import as `plimsoll/k6`: a typed client whose requests are named by route, know their right statuses and are
 * counted as slow or wrong by the spec's objectives; load shapes with a warm-up; a deck that keeps a mix exact.
 */
import exec from "k6/execution";
import type { Options } from "k6/options";
import { openClient, type Counting, type OperationShape } from "./client.ts";
import { scenarioBegan } from "./counters.ts";
import { actionDeck } from "./mix.ts";
import { parseDuration, parsePositive, type Parsed } from "./quantities.ts";
import { vusFor, type Shape, type Size } from "./shapes.ts";
import { phasesIn, warmedUp } from "./warm-up.ts";

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
  const counting: Counting = { thresholdsSeconds, announces: true };
  return openClient<Of>(target.replace(/\/+$/, ""), counting);
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
}

/** Makes what a script exports: k6's options, the warm-up and, as its default, the load itself. `--rate` and `--duration` stand above what is given. */
export function openLoad({ name, shape, warmupSeconds = 3, requests = 1, ...given }: Load, iterate: (iteration: number) => void) {
  const peakRate = chosen("PLIMSOLL_RATE", given.peakRate, (text) => parsePositive(text, 1e6));
  const seconds = chosen("PLIMSOLL_DURATION", given.seconds, parseDuration);
  const size = { peakRate, seconds, maxVUs: given.maxVUs ?? vusFor(peakRate), warmupSeconds };
  const options: Options = {
    scenarios: warmedUp(name, shape, size, requests),
    maxRedirects: 0,
    noCookiesReset: true,
    ext: { plimsoll: { mix: [], phases: phasesIn(shape, seconds) } },
  };
  // Each tells once for each VU when its k6 scenario began; VUs go from the warm-up to the load.
  const played = (): (() => void) => {
    let current: typeof exec.scenario | undefined;
    return () => {
      if (current === undefined) {
        current = exec.scenario;
        scenarioBegan(current.startTime);
      }
      iterate(current.iterationInTest);
    };
  };
  return { options, warmup: played(), run: played() };
}

function chosen(variable: string, otherwise: number, parse: (text: string) => Parsed<number>): number {
  const text = __ENV[variable];
  if (text === undefined || text === "") return otherwise;
  const parsed = parse(text);
  // The name tells the command line that this is about what a person typed (slo/run/script-errors.ts).
  if (parsed.kind === "problem") throw Object.assign(new Error(`${variable}: ${parsed.message}`), { name: "UsageError" });
  return parsed.value;
}

/** Says which of some actions an iteration plays; whole numbers are their weights, and each pass through the deck holds exactly the mix. */
export function deck<Name extends string>(weights: Readonly<Record<Name, number>>, seed = 1): (iteration: number) => Name {
  const cards = actionDeck(weights, seed);
  return (iteration) => cards[iteration % cards.length] as Name;
}
