import { dirname, resolve } from "node:path";
import type { Host } from "../host/host.ts";
import { readSettings } from "../host/settings.ts";
import type { LoadFlags } from "../load/load-flags.ts";
import { badUsage, type NoRun } from "../load/load-run.ts";
import { shownPath } from "../load/spec-file.ts";
import { nearest } from "../spec/words.ts";
import { findConfig, type Problem, problem, readConfig } from "./read-config.ts";
import type { Environment, ReadConfig } from "./schema.ts";

/** Reads the config that is meant: a file, none (`--no-config`), or the nearest; where there is none, an empty one. */
async function configOf(asked: LoadFlags["config"], host: Host) {
  const file = asked === false ? undefined : asked === undefined ? findConfig(host.folder, host.project) : resolve(host.folder, asked);
  if (file === undefined) return { kind: "config" as const, config: {} as ReadConfig, file };
  const read = await readConfig(file);
  return read.kind === "problem" ? badUsage(read.message) : { ...read, file };
}

/** Fills flags in from the config; flags count more. The host that comes back has the credentials of the Prometheus that is meant. */
export async function fillIn(given: LoadFlags, host: Host): Promise<{ kind: "filled"; flags: LoadFlags; host: Host } | NoRun> {
  const found = await configOf(given.config, host);
  if (found.kind === "none") return found;
  const { config, file } = found;
  const chosen = chooseEnvironment(config, given.env);
  if (chosen.kind === "problem") return badUsage(`${file ?? "no plimsoll.config.ts was found"}: ${chosen.message}`);
  if (file === undefined) return { kind: "filled", flags: given, host };
  const { name, environment } = chosen;
  const flags = { ...given, ...filledIn(given, config, environment, dirname(file)) };
  host.say(`config: ${shownPath(host.folder, file)}${name === undefined ? "" : `, environment ${name}`}`);
  const ready = withCredentialsOf(flags.prometheus, [environment], file, host);
  return ready.kind === "none" ? ready : { kind: "filled", flags, host: ready.host };
}

/** Gives the host the credentials of the environment whose Prometheus is asked; another Prometheus is not told this one's secrets. */
function withCredentialsOf(prometheus: string | undefined, environments: Environment[], file: string | undefined, host: Host) {
  const meant = environments.find((each) => each.prometheus !== undefined && each.prometheus === prometheus);
  const ready = withCredentials(host, meant?.credentials ?? {});
  return ready.kind === "problem" ? badUsage(`${file}: ${ready.message}`) : ready;
}

/** Opens the config that is meant for a command that only asks a Prometheus, if any: gives the config's spec, and a host with the credentials. */
export async function configFor(prometheus: string | undefined, asked: LoadFlags["config"], host: Host) {
  const found = await configOf(asked, host);
  if (found.kind === "none") return found;
  const { config, file = "" } = found;
  const ready = withCredentialsOf(prometheus, Object.values(config.environments ?? {}), file, host);
  return ready.kind === "none" ? ready : { ...ready, spec: config.spec && resolve(dirname(file), config.spec) };
}

/** Chooses the environment that is meant: the named one, the config's default, or the only one there is. */
export function chooseEnvironment({ environments = {}, defaultEnvironment }: ReadConfig, asked: string | undefined) {
  const names = Object.keys(environments);
  const name = asked ?? defaultEnvironment ?? (names.length === 1 ? names[0] : undefined);
  const there = names.length === 0 ? "it has none" : `it has ${names.join(", ")}`;
  if (name === undefined) {
    if (names.length > 0) return problem(`say which environment with --env or defaultEnvironment: ${there}`);
    return { kind: "environment" as const, name, environment: {} };
  }
  const environment = Object.hasOwn(environments, name) ? environments[name] : undefined;
  if (environment !== undefined) return { kind: "environment" as const, name, environment };
  const hint = nearest(name, names);
  return problem(`there is no environment ${JSON.stringify(name)}${hint === undefined ? "" : ` (${hint})`}; ${there}`);
}

/** Fills in from a config, whose folder its paths are from, what flags leave open. */
export function filledIn(given: Partial<LoadFlags>, config: ReadConfig, environment: Environment, folder: string): Partial<LoadFlags> {
  const path = (name: string | undefined): string | undefined => name && resolve(folder, name);
  // Whoever names a script or a scenario names the other one away.
  const chooses = [given, environment, config].find(({ script, scenario }) => (script ?? scenario) !== undefined) ?? given;
  const serverLabel = given.serverLabel ?? environment.serverLabels;
  return {
    script: chooses === given ? given.script : path(chooses.script),
    scenario: chooses.scenario,
    spec: given.spec ?? path(environment.spec ?? config.spec),
    target: given.target ?? environment.target,
    prometheus: given.prometheus ?? environment.prometheus,
    traces: given.traces ?? environment.traces,
    logs: given.logs ?? environment.logs,
    // Of a load from elsewhere it would be a contradiction.
    podTemplate: given.in === undefined ? given.podTemplate : (given.podTemplate ?? path(environment.podTemplate ?? config.podTemplate)),
    ...(serverLabel === undefined ? {} : { serverLabel }),
  };
}

type Credentials = NonNullable<Environment["credentials"]>;

/** Gives a host the credentials of an environment, in the variables that are kept from every program that we start; what stands there already counts more. */
export function withCredentials(host: Host, credentials: Credentials): { kind: "host"; host: Host } | Problem {
  for (const [key, variable] of Object.entries(credentials) as [string, string][]) {
    const secret = process.env[variable];
    if (!secret) return problem(`the credentials' ${key} is to be in ${variable}, which is not set`);
    process.env[`PLIMSOLL_PROMETHEUS_${key.replace(/[A-Z]/g, "_$&").toUpperCase()}`] ??= secret; // passwordFile is PASSWORD_FILE
    if (!variable.startsWith("PLIMSOLL_PROMETHEUS_")) delete process.env[variable];
  }
  const read = readSettings(process.env, host.settings.colour);
  return read.kind === "problem" ? read : { kind: "host", host: { ...host, settings: read.settings } };
}
