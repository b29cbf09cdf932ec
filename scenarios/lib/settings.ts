import type { Distribution } from "./keys.ts";
import { actions, type Action, type Mix } from "./mix.ts";
import { unknownWord } from "./nearest.ts";
import type { SizeRange } from "./payloads.ts";
import { parseBytes, parseDuration, parsePercent, parsePositive, parseWhole, problem, value, type Parsed } from "./quantities.ts";
import { settingKeys } from "./setting-keys.ts";
import { type Size, vusFor } from "./shapes.ts";

/** All that can be chosen about a load. Seconds, bytes, 0–1 ratios; rates in iterations a second. */
export interface Settings {
  /** Base URL without a slash at its end. */
  target: string;
  peakRate: number;
  seconds: number;
  /** 0: no warm-up. */
  warmupSeconds: number;
  sizes: SizeRange;
  keys: number;
  distribution: Distribution;
  mix: Mix;
  seed: number;
  maxVUs: number;
  /** Tells k6 processes of the same run apart. */
  instance: string;
  /** Above which a request counts as slow. */
  slowThresholdsSeconds: number[];
}

/** What a scenario is like when nothing is set. */
export type Defaults = Pick<Size, "peakRate" | "seconds">;

type Environment = Record<string, string | undefined>;
type Key = keyof typeof settingKeys;
type Given = Partial<Record<Key, string>>;
type Choose = <T>(key: Key, fallback: T, parse: (text: string) => Parsed<T>) => T;
/** The settings, or what is wrong with what was set. */
type Read = { kind: "settings"; settings: Settings } | { kind: "problems"; problems: string[] };

const defaultMix: Mix = { read: 60, write: 20, delete: 10, users: 5, echo: 5 };

/** Reads the environment that the command line hands to k6; every problem is one sentence that names where it is. */
export function readSettings(environment: Environment, defaults: Defaults): Read {
  const problems: string[] = [];
  const take = <T>(where: string, text: string | undefined, fallback: T, parse: (text: string) => Parsed<T>): T => {
    if (text === undefined || text === "") return fallback;
    const parsed = parse(text);
    if (parsed.kind === "value") return parsed.value;
    problems.push(`${where}: ${parsed.message}`);
    return fallback;
  };
  const given: Given = take("--set", environment["PLIMSOLL_SET"], {}, parseGiven);
  const choose: Choose = (key, fallback, parse) => take(`--set ${key}=${given[key]}`, given[key], fallback, parse);

  const peakRate = take("--rate", environment["PLIMSOLL_RATE"], defaults.peakRate, (text) => parsePositive(text, 1e6));
  const settings: Settings = {
    target: take("PLIMSOLL_TARGET", environment["PLIMSOLL_TARGET"], "http://127.0.0.1:5000", parseTarget),
    peakRate,
    seconds: take("--duration", environment["PLIMSOLL_DURATION"], defaults.seconds, parseLength),
    warmupSeconds: choose("warmup", 3, (text) => parseWhole(text, 0, 3600)),
    sizes: choose("payload", { minBytes: 1024, maxBytes: 1024 }, parseSizes),
    keys: choose("keys", 100, (text) => parseWhole(text, 1, 10_000)),
    distribution: readDistribution(given, choose, problems),
    mix: choose("mix", defaultMix, parseMix),
    seed: choose("seed", 1, (text) => parseWhole(text, 0, 2 ** 31 - 1)),
    maxVUs: choose("vus", vusFor(peakRate), (text) => parseWhole(text, 1, 10_000)),
    instance: take("PLIMSOLL_INSTANCE", environment["PLIMSOLL_INSTANCE"], "0", parseInstance),
    slowThresholdsSeconds: take("PLIMSOLL_SLOW_THRESHOLDS", environment["PLIMSOLL_SLOW_THRESHOLDS"], [], parseThresholds),
  };
  return problems.length > 0 ? { kind: "problems", problems } : { kind: "settings", settings };
}

function readDistribution(given: Given, choose: Choose, problems: string[]): Distribution {
  const kind = choose("distribution", "uniform", parseDistribution);
  const hotKeysRatio = choose("hot-keys", 0.1, parsePercent);
  const hotShareRatio = choose("hot-share", 0.9, parsePercent);
  if (kind === "hot") return { kind, hotKeysRatio, hotShareRatio };
  for (const key of ["hot-keys", "hot-share"] as const) {
    if (given[key] !== undefined) problems.push(`--set ${key}=${given[key]}: needs --set distribution=hot`);
  }
  return { kind: "uniform" };
}

function parseGiven(text: string): Parsed<Given> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return problem("PLIMSOLL_SET is not JSON");
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) return problem("PLIMSOLL_SET is not a JSON object");
  for (const [key, given] of Object.entries(json)) {
    if (!Object.hasOwn(settingKeys, key)) return problem(unknownWord("key", key, Object.keys(settingKeys)));
    if (typeof given !== "string" || given === "") return problem(`${key} needs a value: ${settingKeys[key as Key]}`);
  }
  return value(json);
}

/** k6 takes no arrival rate for less than a second. */
function parseLength(text: string): Parsed<number> {
  const seconds = parseDuration(text);
  return seconds.kind === "value" && seconds.value < 1 ? problem(`"${text}" must be at least 1s`) : seconds;
}

function parseTarget(text: string): Parsed<string> {
  if (/^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/.test(text)) return value(text.replace(/\/+$/, ""));
  return problem(`"${text}" is not the address of a service; write it like http://127.0.0.1:5000`);
}

function parseInstance(text: string): Parsed<string> {
  return /^[A-Za-z0-9-]{1,63}$/.test(text) ? value(text) : problem(`"${text}" may hold letters, digits and - only`);
}

function parseDistribution(text: string): Parsed<"uniform" | "hot"> {
  return text === "uniform" || text === "hot" ? value(text) : problem(unknownWord("distribution", text, ["uniform", "hot"]));
}

function parseSizes(text: string): Parsed<SizeRange> {
  // A minus in front or behind is no range; the whole text is then what is no size.
  const [from = "", to = from, ...more] = /^-|-$/.test(text) ? [text] : text.split("-");
  const [min, max] = [parseBytes(from), parseBytes(to)];
  if (min.kind === "problem") return min;
  if (max.kind === "problem") return max;
  const fits = more.length === 0 && min.value >= 1 && min.value <= max.value && max.value <= 4 * 1024 ** 2;
  if (!fits) return problem(`"${text}" must be a size from 1B to 4MiB, or two with the smaller first`);
  return value({ minBytes: min.value, maxBytes: max.value });
}

function parseMix(text: string): Parsed<Mix> {
  const mix: Mix = { read: 0, write: 0, delete: 0, users: 0, echo: 0 };
  for (const part of text.split(",")) {
    const [name = "", weight = ""] = part.split("=");
    if (!actions.includes(name as Action)) return problem(unknownWord("part of the mix", name, actions));
    const parsed = parseWhole(weight, 0, 1000);
    if (parsed.kind === "problem") return problem(`${name}: ${parsed.message}`);
    mix[name as Action] = parsed.value;
  }
  return actions.some((action) => mix[action] > 0) ? value(mix) : problem("at least one weight must be above 0");
}

function parseThresholds(text: string): Parsed<number[]> {
  const numbers: number[] = [];
  for (const part of text.split(",")) {
    const parsed = parsePositive(part, 3600);
    if (parsed.kind === "problem") return parsed;
    numbers.push(parsed.value);
  }
  return value(numbers);
}
