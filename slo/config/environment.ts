import { resolve } from "node:path";
import type { Host } from "../host/host.ts";
import { readSettings } from "../host/settings.ts";
import type { LoadFlags } from "../load/load-flags.ts";
import { nearest } from "../spec/words.ts";
import type { Environment, ReadConfig } from "./schema.ts";

type Problem = { kind: "problem"; message: string };

/** Chooses the environment that is meant: the named one, the config's default, or the only one there is. */
export function chooseEnvironment(
  { environments = {}, defaultEnvironment }: ReadConfig,
  asked: string | undefined,
): { kind: "environment"; name: string | undefined; environment: Environment } | Problem {
  const names = Object.keys(environments);
  const name = asked ?? defaultEnvironment ?? (names.length === 1 ? names[0] : undefined);
  const there = names.length === 0 ? "it has none" : `it has ${names.join(", ")}`;
  if (name === undefined) {
    if (names.length > 0) return { kind: "problem", message: `say which environment with --env or defaultEnvironment: ${there}` };
    return { kind: "environment", name, environment: {} };
  }
  const environment = Object.hasOwn(environments, name) ? environments[name] : undefined;
  if (environment !== undefined) return { kind: "environment", name, environment };
  const hint = nearest(name, names);
  return { kind: "problem", message: `there is no environment ${JSON.stringify(name)}${hint === undefined ? "" : ` (${hint})`}; ${there}` };
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
    if (!secret) return { kind: "problem", message: `the credentials' ${key} is to be in ${variable}, which is not set` };
    process.env[`PLIMSOLL_PROMETHEUS_${key.replace(/[A-Z]/g, "_$&").toUpperCase()}`] ??= secret; // passwordFile is PASSWORD_FILE
    if (!variable.startsWith("PLIMSOLL_PROMETHEUS_")) delete process.env[variable];
  }
  const read = readSettings(process.env, host.settings.colour);
  return read.kind === "problem" ? read : { kind: "host", host: { ...host, settings: read.settings } };
}
