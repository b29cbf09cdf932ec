import { dirname, resolve } from "node:path";
import type { Host } from "../host/host.ts";
import type { LoadFlags } from "../load/load-flags.ts";
import { badUsage, type NoRun } from "../load/load-run.ts";
import { shownPath } from "../load/spec-file.ts";
import { chooseEnvironment, filledIn, withCredentials } from "./environment.ts";
import { findConfig, readConfig } from "./read-config.ts";
import type { Environment, ReadConfig } from "./schema.ts";

/** Reads the config that is meant: a file, none (`--no-config`), or the nearest; where there is none, an empty one. */
async function configOf(
  asked: LoadFlags["config"],
  host: Host,
): Promise<{ kind: "config"; config: ReadConfig; file: string | undefined } | NoRun> {
  const file = asked === false ? undefined : asked === undefined ? findConfig(host.folder, host.project) : resolve(host.folder, asked);
  if (file === undefined) return { kind: "config", config: {}, file };
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
