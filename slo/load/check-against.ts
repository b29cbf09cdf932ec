import { dropUnstarted } from "../run/record.ts";
import type { Host } from "../host/host.ts";
import { failed, type NoRun } from "./load-run.ts";
import { outlookOf, type Asked, type Outlook } from "./outlook.ts";
import { checkClock } from "./preflight.ts";
import { prepare, type LoadOptions } from "./prepare.ts";
import { prometheusAt } from "./prometheus.ts";
import type { ReadSpec } from "./spec-file.ts";

/** Says what the objectives of a spec would read of a Prometheus now; with a scenario or a script, also whether that load could prove them. */
export async function checkAgainst(
  url: string,
  { spec }: ReadSpec,
  options: LoadOptions,
  host: Host,
): Promise<{ kind: "outlook"; outlook: Outlook } | NoRun> {
  const { api } = prometheusAt(url, host.settings.credentials);
  const clock = await checkClock(api, host.now);
  if (clock.kind === "problem") return failed(clock.message);
  const serverLabels = options.serverLabels ?? { job: spec.service };
  const unplanned = { spec, serverLabels, plan: undefined, slowCounted: false };
  const planned = options.scenario === undefined && options.script === undefined ? unplanned : await planOf(options, host);
  if ("kind" in planned) return planned;
  return { kind: "outlook", outlook: await outlookOf({ ...planned, api, atSeconds: host.now() + clock.value }) };
}

/** Prepares a load as if it were to run, and leaves nothing of it behind. */
async function planOf(options: LoadOptions, host: Host): Promise<Omit<Asked, "api" | "atSeconds"> | NoRun> {
  const prepared = await prepare({ ...options, force: true }, host);
  if (prepared.kind === "none") return prepared;
  dropUnstarted(prepared.folder);
  const { spec, serverLabels, plan, isUserScript } = prepared;
  return { spec, serverLabels, plan, slowCounted: !isUserScript };
}
