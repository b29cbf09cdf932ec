import { Option, type Command } from "commander";
import { openHost } from "../host/open-host.ts";
import type { Done } from "./commands.ts";
import { httpUrl } from "./flags.ts";
import { credentialHelp } from "./help.ts";
import { optionsOf, planContradiction, planFlags, type LoadFlags } from "./load-command.ts";

/** Adds `check`. */
export function addCheck(root: Command, done: Done): void {
  const command = root
    .command("check")
    .description("read specs and say what is wrong with them, file:line:column; with --against also what they would read now")
    .argument("[specs...]", "spec files (default: that of plimsoll.config.ts, or slo/objectives/storage-api.yaml)")
    .addOption(
      new Option(
        "--against <url>",
        "a Prometheus: says for each objective which series, label values and buckets there are, who is scraped, and how often",
      ).argParser(httpUrl),
    );
  for (const option of planFlags()) command.addOption(option);
  command.addHelpText("after", checkHelp).action(async (specs: string[], given: LoadFlags & { against?: string }) => {
    const { against: prometheus, ...planned } = given;
    const { scenario: _scenario, script: _script, ...more } = planned;
    const isAlone = prometheus === undefined && Object.keys(more).length > 0;
    const contradiction = isAlone ? "what goes with --scenario and --script is for --against URL" : planContradiction(planned);
    if (contradiction !== undefined) return command.error(`error: ${contradiction}`, { exitCode: 2 });
    const [{ check }, { specsToCheck, withCredentialsOf }, { endWith }] = await Promise.all([
      import("./check.ts"),
      import("./config.ts"),
      import("./verdict.ts"),
    ]);
    const opened = openHost();
    const named = await specsToCheck(specs, opened);
    if (named.kind === "none") return done(endWith(named, opened));
    if (prometheus === undefined) return done(await check(named.specs, optionsOf(planned), opened));
    const ready = await withCredentialsOf(prometheus, undefined, opened);
    if (ready.kind === "none") return done(endWith(ready, opened));
    done(await check(named.specs, optionsOf({ ...planned, prometheus }), ready.host));
  });
}

const checkHelp = `
With --scenario or --script a spec is read as that load would, and else refused only for what both kinds refuse; with --against it also says whether that load could prove each objective. Nothing is sent to the service.
Exit code 2 where an objective cannot be read at all; what may come with the first request is said to be unknown, and is no reason for it.

${credentialHelp}
`;
