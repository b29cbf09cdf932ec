import type { Report } from "../slo/report/schema.ts";
import { column, inRounds, row, shown, type Bench, type Row } from "./figure.fixture.ts";
import { measure } from "./measure.fixture.ts";
import { runLoad } from "./started.fixture.ts";

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

measure("what a second run of load --scenario smoke costs beyond the scenario's own time", run);
