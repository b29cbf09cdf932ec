import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readReport } from "../slo/report/json.ts";
import type { Report } from "../slo/report/schema.ts";
import { column, inRounds, row, shown, type Bench, type Figure, type Row } from "./figure.ts";
import { project } from "./started.ts";

/** Runs `load` in a folder of its own, as a user would; gives its report, where its files are, the wall time and the exit code. */
export async function runLoad(bench: Bench, name: string, args: readonly string[]) {
  const own = join(bench.folder, name);
  mkdirSync(own);
  const began = performance.now();
  const child = bench.group.start({
    name: "plimsoll",
    command: process.execPath,
    args: ["--import", "tsx", join(project, "slo/cli/main.ts"), "load", ...args],
    environment: { ...process.env, INIT_CWD: own },
    folder: project,
    logFile: join(own, "load.log"),
  });
  const { code: exitCode } = await child.exited;
  const wallSeconds = (performance.now() - began) / 1000;
  const runs = join(own, ".plimsoll", "runs");
  const [testid] = exitCode === 2 || exitCode === 4 ? [] : readdirSync(runs);
  if (testid === undefined) throw new Error(`load ended with ${exitCode}:\n${child.tail().join("\n")}`);
  const folder = join(runs, testid);
  const read = readReport(readFileSync(join(folder, "report.json"), "utf8"));
  if (read.kind === "problem") throw new Error(read.message);
  return { report: read.report, folder, wallSeconds, exitCode };
}

/** Gives the scenario's own time: from the start of its first phase to the end of its last, as planned, seconds. */
function plannedSeconds({ phases }: Report): number {
  return Math.max(...phases.map(({ toSeconds }) => toSeconds)) - Math.min(...phases.map(({ fromSeconds }) => fromSeconds));
}

async function run(bench: Bench): Promise<Row[]> {
  const args = ["--scenario", "smoke", "--duration", "5s"];
  bench.say("a first run, which may have to find tools and check types");
  await runLoad(bench, "first", args);
  const runs = await inRounds(bench, bench.quick ? 2 : 8, async (round) => {
    const { report, wallSeconds } = await runLoad(bench, `run-${round}`, args);
    const { toFirstRequestSeconds: before, toVerdictSeconds: after } = report.timings;
    if (before === null || after === null) throw new Error("the report does not say when its requests began and ended");
    const [sum, around] = [before + after, wallSeconds - plannedSeconds(report)];
    return [{ before, after, sum, around }, `${shown(sum, "seconds")} beside the load`];
  });
  return [
    row("from command to first request, and from last request to verdict", "seconds", column(runs, "sum"), 3),
    row("from command to first request", "seconds", column(runs, "before")),
    row("from last request to verdict", "seconds", column(runs, "after")),
    row("the process's whole life outside the scenario's planned time", "seconds", column(runs, "around")),
  ];
}

/** Measures what a second run of `load --scenario smoke` costs beyond the scenario's own time. */
export const overhead: Figure = { name: "overhead", what: "what a run costs beyond the scenario's own time", run };
