import type { Distribution, SizeRange } from "./keys.ts";
import { parseJson } from "./json.ts";
import { actions, type Action, type Mix } from "./mix.ts";
import type { Environment } from "./quantities.ts";
import { parseBytes, parsePercent, parseWhole, settingsReader, unknownWord } from "./quantities.ts";
import { type Size, vusFor } from "./shapes.ts";

/** Names the keys that `--set KEY=VALUE` takes, each with what it means; the command line's help prints them. */
export const settingKeys = {
  payload: "bytes in a bucket, such as 1KiB, or a range such as 1KiB-16KiB",
  keys: "number of buckets that are read and written",
  distribution: "uniform, or hot: few keys get most of the traffic",
  "hot-keys": "share of the keys that are hot, such as 10%",
  "hot-share": "share of the traffic that goes to the hot keys, such as 90%",
  mix: "weights of read, write, delete, users and echo, such as read=70,write=20,delete=10",
  seed: "whole number; the same seed gives the same requests in the same order",
  warmup: "seconds of low load beforehand that are not judged; 0 for none",
  vus: "most virtual users at work at once",
} as const;

/** All that can be chosen about a load. Seconds, bytes, 0–1 ratios; rates in iterations a second. */
export type Settings = ReturnType<typeof readSettings>["settings"];

type Key = keyof typeof settingKeys;
type Given = Partial<Record<Key, string>>;

const defaultMix: Mix = { read: 60, write: 20, delete: 10, users: 5, echo: 5 };

/** Reads the environment that the command line hands to k6, and says what is wrong in it. */
export function readSettings(environment: Environment, defaults: Pick<Size, "peakRate" | "seconds">) {
  const { problems, read, readSize } = settingsReader();
  const given = read<Given>("--set", environment["PLIMSOLL_SET"], {}, parseGiven);
  const choose = <T>(key: Key, otherwise: T, parse: (text: string) => T | Error): T =>
    read(`--set ${key}=${given[key]}`, given[key], otherwise, parse);
  const { peakRate, seconds } = readSize(environment, defaults);
  const kind = choose("distribution", "uniform", parseDistribution);
  const hot = { hotKeysRatio: choose("hot-keys", 0.1, parsePercent), hotShareRatio: choose("hot-share", 0.9, parsePercent) };
  for (const key of ["hot-keys", "hot-share"] as const) {
    if (kind !== "hot" && given[key] !== undefined) problems.push(`--set ${key}=${given[key]}: needs --set distribution=hot`);
  }
  const settings = {
    /** Base URL without a slash at its end. */
    target: (environment["PLIMSOLL_TARGET"] ?? "http://127.0.0.1:5000").replace(/\/+$/, ""),
    peakRate,
    seconds,
    /** 0: no warm-up. */
    warmupSeconds: choose("warmup", 3, (text) => parseWhole(text, 0, 3600)),
    sizes: choose("payload", { minBytes: 1024, maxBytes: 1024 }, parseSizes),
    keys: choose("keys", 100, (text) => parseWhole(text, 1, 10_000)),
    distribution: (kind === "hot" ? { kind, ...hot } : { kind }) satisfies Distribution,
    mix: choose("mix", defaultMix, parseMix),
    seed: choose("seed", 1, (text) => parseWhole(text, 0, 2 ** 31 - 1)),
    maxVUs: choose("vus", vusFor(peakRate), (text) => parseWhole(text, 1, 10_000)),
    /** Tells k6 processes of the same run apart. */
    instance: read("PLIMSOLL_INSTANCE", environment["PLIMSOLL_INSTANCE"], "0", parseInstance),
    /** Above which a request counts as slow. */
    slowThresholdsSeconds: (environment["PLIMSOLL_SLOW_THRESHOLDS"] ?? "")
      .split(",")
      .map(Number)
      .filter((seconds) => seconds > 0),
  };
  return { settings, problems };
}

function parseGiven(text: string): Given | Error {
  const json = parseJson(text);
  if (json === undefined) return new Error("PLIMSOLL_SET is not JSON");
  if (typeof json !== "object" || json === null || Array.isArray(json)) return new Error("PLIMSOLL_SET is not a JSON object");
  for (const [key, given] of Object.entries(json)) {
    if (!Object.hasOwn(settingKeys, key)) return unknownWord("key", key, Object.keys(settingKeys));
    if (typeof given !== "string" || given === "") return new Error(`${key} needs a value: ${settingKeys[key as Key]}`);
  }
  return json;
}

function parseInstance(text: string): string | Error {
  return /^[A-Za-z0-9-]{1,63}$/.test(text) ? text : new Error(`"${text}" may hold letters, digits and - only`);
}

function parseDistribution(text: string): "uniform" | "hot" | Error {
  return text === "uniform" || text === "hot" ? text : unknownWord("distribution", text, ["uniform", "hot"]);
}

function parseSizes(text: string): SizeRange | Error {
  // A minus in front or behind is no range; the whole text is then what is no size.
  const [from = "", to = from, ...more] = /^-|-$/.test(text) ? [text] : text.split("-");
  const [minBytes, maxBytes] = [parseBytes(from), parseBytes(to)];
  if (minBytes instanceof Error) return minBytes;
  if (maxBytes instanceof Error) return maxBytes;
  if (more.length === 0 && minBytes >= 1 && minBytes <= maxBytes && maxBytes <= 4 * 1024 ** 2) return { minBytes, maxBytes };
  return new Error(`"${text}" must be a size from 1B to 4MiB, or two with the smaller first`);
}

function parseMix(text: string): Mix | Error {
  const mix: Mix = { read: 0, write: 0, delete: 0, users: 0, echo: 0 };
  for (const part of text.split(",")) {
    const [name = "", weight = ""] = part.split("=");
    if (!actions.includes(name as Action)) return unknownWord("part of the mix", name, actions);
    const parsed = parseWhole(weight, 0, 1000);
    if (parsed instanceof Error) return new Error(`${name}: ${parsed.message}`);
    mix[name as Action] = parsed;
  }
  return actions.some((action) => mix[action] > 0) ? mix : new Error("at least one weight must be above 0");
}
