import { InvalidArgumentError, Option } from "commander";
import { parseFaultText } from "../../target/faults/rules.ts";
import { httpUrlProblem } from "../host/http-url.ts";
import { settleLimitSeconds } from "../load/load-flags.ts";

/** How the text of a flag becomes its value: by a function, which refuses what does not fit, or as one of a few words. */
type Read = ((text: string, before: Record<string, string> | undefined) => unknown) | readonly string[];

/** A flag as it is written, what it means, how it is read, and its value where it is not given. */
export type Flag = readonly [written: string, meaning: string, read?: Read, otherwise?: unknown];

export function optionFrom([written, meaning, read, otherwise]: Flag): Option {
  const option = new Option(written, meaning).default(otherwise);
  if (typeof read === "object") option.choices(read);
  if (typeof read === "function") option.argParser(read as (text: string, before: unknown) => unknown);
  return option;
}

const numberThat =
  (fits: (value: number) => boolean, what: string) =>
  (text: string): number => {
    if (!fits(Number(text))) throw new InvalidArgumentError(`It must be ${what}.`);
    return Number(text);
  };

const positive = numberThat((value) => Number.isFinite(value) && value > 0, "a number above 0");

export const whole = numberThat((value) => Number.isSafeInteger(value) && value >= 1, "a whole number above 0");

export const port = numberThat((value) => Number.isInteger(value) && value >= 1 && value <= 65_535, "a port, 1 to 65535");

/** Reads an http(s) URL without credentials, and drops the slashes at its end. */
export function httpUrl(text: string): string {
  const problem = httpUrlProblem(text);
  if (problem !== undefined) throw new InvalidArgumentError(`It ${problem}.`);
  return text.replace(/\/+$/, "");
}

/** Reads LABEL=VALUE and adds it to those before; names are Prometheus's own, without those it keeps for itself. */
function labels(text: string, before: Record<string, string> | undefined): Record<string, string> {
  if (!/^(?!__)[a-zA-Z_][a-zA-Z0-9_]*=./.test(text))
    throw new InvalidArgumentError("It must be LABEL=VALUE, such as job=shop; names that begin with __ are Prometheus's own.");
  return pairs(text, before);
}

function pairs(text: string, before: Record<string, string> | undefined): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It must be KEY=VALUE.");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

function urlPath(text: string): string {
  if (!text.startsWith("/")) throw new InvalidArgumentError("It must begin with a slash, such as /actuator/prometheus.");
  return text;
}

/** Checks the faults of the storage API, so that a slip is told before anything starts; they go there as they were written. */
export function faults(text: string): string {
  const parsed = parseFaultText(text);
  if (parsed.kind === "rules") return text;
  const problems = parsed.problems.join("; ").replace(/^(?:is|must) /, "It $&");
  throw new InvalidArgumentError(problems.replace(/^[a-z]/, (letter) => letter.toUpperCase()));
}

const settleMeaning = "how long to wait for Prometheus to hold everything that was sent";

function signedUrl(text: string): string {
  if (!/^https?:$/.test(URL.parse(text)?.protocol ?? "")) throw new InvalidArgumentError("It must be an http or https URL.");
  return text; // as it is, for a signature is part of it
}

/** Say where a report goes beside its folder, of every command that judges. */
export const reportFlags: readonly Flag[] = [
  ["--json", "print the report as JSON on stdout"],
  ["--upload <url>", "put the report's files, as one .tar.gz, to a pre-signed URL", signedUrl],
];

/** Say where failing requests are looked up, of every command that judges. */
export const telemetryFlags: readonly Flag[] = [
  ["--traces <url>", "Jaeger's query service: the report shows the spans of failing requests, and what they have in common", httpUrl],
  ["--logs <url>", "Loki: the report shows the log lines of failing requests, by trace id", httpUrl],
];

/** Bounds the wait for Prometheus, of every command that judges. */
export const settleFlag: Flag = ["--settle-limit <seconds>", settleMeaning, positive, settleLimitSeconds];

/** Name the config or leave it out, of every command that reads it. */
export const configFlags: readonly Flag[] = [
  ["--config <file>", "what this repository says of its loads (default: the nearest plimsoll.config.ts, upwards from here)"],
  ["--no-config", "read no config"],
];

const serverLabelMeaning = "a label that picks the service's own series; may be repeated (default: job=<service of the spec>)";
export const serverLabelFlag: Flag = ["--server-label <label=value>", serverLabelMeaning, labels];

/** Say which load is planned, and whose series are its service's. */
export const planFlags: readonly Flag[] = [
  ["--scenario <name>", "smoke, load, spike, stress, soak or breakpoint"],
  ["--script <file>", "any k6 script, .js or .ts, unchanged"],
  ["--rate <number>", "peak arrival rate, iterations a second", positive],
  ["--duration <time>", "length of the judged part, e.g. 90s or 5m"],
  [
    "--set <key=value>",
    "an option of the scenario, e.g. payload=64KiB (the keys are in load --help), or a variable of --script (__ENV.KEY); may be repeated",
    pairs,
  ],
  serverLabelFlag,
];

export const placeFlags: readonly Flag[] = [
  ["--context <name>", "in Kubernetes: kubectl's context (default: the current one)"],
  ["--namespace <name>", "in Kubernetes: where the pods run (default: plimsoll)"],
];

export const loadFlags: readonly Flag[] = [
  ...planFlags,
  ["--target <url>", "a service that runs already (default: start the storage API here)", httpUrl],
  ["--prometheus <url>", "a Prometheus that runs already, with the remote-write receiver on (default: start one here)", httpUrl],
  ["--spec <file>", "the objectives (default: slo/objectives/storage-api.yaml)"],
  ["--fault <rules>", "faults for the storage API that is started here: a name (they are below), or rules in JSON", faults],
  ["--store <kind>", "the store of the storage API that is started here (default: memory)", ["memory", "sqlite"]],
  ["--scrape-path <path>", "where the Prometheus started here reads the service's metrics (default: the spec's, or /metrics)", urlPath],
  ["--scrape-port <number>", "the port of the metrics (default: the spec's, or the target's)", port],
  ["--scrape-scheme <scheme>", "how the metrics are asked for (default: the spec's, or the target's)", ["http", "https"]],
  ["--stop-on <verdict>", "end the load as soon as an objective about the client's errors is proved to be exceeded", ["exceeded"]],
  settleFlag,
  ["--force", "load although an objective cannot have a request, or cannot be read"],
  ...reportFlags,
  ...telemetryFlags,
  ["--env <name>", "an environment of the config (default: its defaultEnvironment, or its only one)"],
  ...configFlags,
  ["--in <place>", "where the load comes from (default: this machine)", ["kubernetes"]],
  ["--pods <number>", "in Kubernetes: over how many pods the load is spread (default: 1)", whole],
  ...placeFlags,
  ["--image <name>", "in Kubernetes: the image of deploy/images/plimsoll.Dockerfile (default: plimsoll:dev)"],
  [
    "--pod-template <file>",
    "in Kubernetes: YAML that is merged into the pods (metadata and spec, as kubectl patch does): resources, nodes, accounts",
  ],
  ["--keep", "in Kubernetes: leave the Job and its pods when the run is over"],
];
