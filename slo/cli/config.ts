import { dirname, resolve } from "node:path";
import { chooseEnvironment, withCredentials } from "../config/environment.ts";
import { findConfig, readConfig } from "../config/read-config.ts";
import type { Environment, ReadConfig } from "../config/schema.ts";
import type { Host } from "../host/host.ts";
import { badUsage, type NoRun } from "../load/load-run.ts";
import { shownPath } from "../load/spec-file.ts";
import type { LoadFlags } from "./load-command.ts";

/** Which config is meant: a file, none (`--no-config`), or the nearest. */
export type AskedConfig = string | false | undefined;

type Found = { kind: "config"; config: ReadConfig; file: string } | { kind: "without" } | NoRun;

/** Reads the config that is meant, if there is one. */
async function configOf(asked: AskedConfig, host: Host): Promise<Found> {
  const file = asked === false ? undefined : asked === undefined ? findConfig(host.folder, host.project) : resolve(host.folder, asked);
  if (file === undefined) return { kind: "without" };
  const read = await readConfig(file);
  return read.kind === "problem" ? badUsage(read.message) : { kind: "config", config: read.config, file };
}

/** Fills flags in from the config; flags count more. The host that comes back has the credentials of the Prometheus that is meant. */
export async function fillIn(given: LoadFlags, host: Host): Promise<{ kind: "filled"; flags: LoadFlags; host: Host } | NoRun> {
  const found = await configOf(given.config, host);
  if (found.kind === "none") return found;
  if (found.kind === "without")
    return given.env === undefined
      ? { kind: "filled", flags: given, host }
      : badUsage("--env names an environment of plimsoll.config.ts, and there is none");
  const { config, file } = found;
  const chosen = chooseEnvironment(config, given.env);
  if (chosen.kind === "problem") return badUsage(`${file}: ${chosen.message}`);
  const { name, environment } = chosen;
  const flags = { ...given, ...merged(given, config, environment, dirname(file)) };
  host.say(`config: ${shownPath(host.folder, file)}${name === undefined ? "" : `, environment ${name}`}`);
  const { credentials = {}, prometheus } = environment;
  // Another Prometheus is not told this one's secrets.
  const isMeant = prometheus !== undefined && flags.prometheus === prometheus;
  const ready = withCredentials(host, isMeant ? credentials : {});
  return ready.kind === "problem" ? badUsage(`${file}: ${ready.message}`) : { kind: "filled", flags, host: ready.host };
}

function merged(given: LoadFlags, config: ReadConfig, environment: Environment, folder: string): LoadFlags {
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
    ...(serverLabel === undefined ? {} : { serverLabel }),
  };
}

/** Names the specs of `check`: the given ones, else that of the nearest config. */
export async function specsToCheck(given: string[], host: Host): Promise<{ kind: "specs"; specs: string[] } | NoRun> {
  const found = given.length > 0 ? { kind: "without" as const } : await configOf(undefined, host);
  if (found.kind === "none") return found;
  const spec = found.kind === "config" ? found.config.spec : undefined;
  return { kind: "specs", specs: found.kind === "config" && spec !== undefined ? [resolve(dirname(found.file), spec)] : given };
}

/** Gives the host the credentials that the nearest config has for a Prometheus, if it has any. */
export async function withCredentialsOf(prometheus: string, asked: AskedConfig, host: Host): Promise<{ kind: "host"; host: Host } | NoRun> {
  const found = await configOf(asked, host);
  if (found.kind === "none") return found;
  if (found.kind === "without") return { kind: "host", host };
  const meant = Object.values(found.config.environments ?? {}).find((each) => each.prometheus === prometheus);
  const ready = withCredentials(host, meant?.credentials ?? {});
  return ready.kind === "problem" ? badUsage(`${found.file}: ${ready.message}`) : ready;
}
