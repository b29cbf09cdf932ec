import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readReport } from "../slo/report/json.ts";
import type { Report } from "../slo/report/schema.ts";
import type { Bench, Figure, Row } from "./figure.ts";

/** Runs `load` in a folder of its own, as a user would; gives its report, the wall time in seconds and the exit code. */
export async function runLoad(
  bench: Bench,
  name: string,
  args: readonly string[],
): Promise<{ report: Report; folder: string; wallSeconds: number; exitCode: number | null }> {
  const folder = join(bench.folder, name);
  mkdirSync(folder, { recursive: true });
  const began = performance.now();
  const child = bench.nursery.start({
    name: "plimsoll",
    command: process.execPath,
    args: ["--import", "tsx", join(bench.project, "slo/cli/main.ts"), "load", ...args],
    environment: { ...process.env, INIT_CWD: folder },
    folder: bench.project,
    logFile: join(folder, "load.log"),
  });
  const { code } = await child.exited;
  const wallSeconds = (performance.now() - began) / 1000;
  const runs = join(folder, ".plimsoll", "runs");
  const [testid] = code === 2 || code === 4 ? [] : readdirSync(runs);
  if (testid === undefined) throw new Error(`load ended with ${code}:\n${child.tail().join("\n")}`);
  const read = readReport(readFileSync(join(runs, testid, "report.json"), "utf8"));
  if (read.kind === "problem") throw new Error(read.message);
  return { report: read.report, folder: join(runs, testid), wallSeconds, exitCode: code };
}

/** Gives the scenario's own time: from the start of its first phase to the end of its last, as planned, seconds. */
function plannedSeconds({ phases }: Report): number {
  return Math.max(...phases.map(({ toSeconds }) => toSeconds)) - Math.min(...phases.map(({ fromSeconds }) => fromSeconds));
}

const known = (seconds: number | null): number => seconds ?? Number.NaN;

async function run(bench: Bench): Promise<Row[]> {
  const rounds = bench.quick ? 2 : 8;
  const args = ["--scenario", "smoke", "--duration", "5s"];
  bench.say("a first run, which may have to find tools and check types");
  await runLoad(bench, "first", args);
  const runs: Awaited<ReturnType<typeof runLoad>>[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    runs.push(await runLoad(bench, `run-${round}`, args));
    bench.say(`round ${round} of ${rounds}`);
  }
  const before = runs.map(({ report }) => known(report.timings.toFirstRequestSeconds));
  const after = runs.map(({ report }) => known(report.timings.toVerdictSeconds));
  return [
    {
      what: "from command to first request, and from last request to verdict",
      unit: "seconds",
      values: before.map((seconds, i) => seconds + (after[i] as number)),
      goal: { atMost: 3, by: "median" },
    },
    { what: "from command to first request", unit: "seconds", values: before },
    { what: "from last request to verdict", unit: "seconds", values: after },
    {
      what: "the process's whole life outside the scenario's planned time",
      unit: "seconds",
      values: runs.map(({ wallSeconds, report }) => wallSeconds - plannedSeconds(report)),
    },
  ];
}

/** Measures what a second run of `load --scenario smoke` costs beyond the scenario's own time. */
export const overhead: Figure = { name: "overhead", what: "what a run costs beyond the scenario's own time", run };
