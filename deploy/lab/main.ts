import { CommanderError } from "commander";
import { openLab } from "../minikube/open-lab.ts";
import { StepError } from "../minikube/step.ts";
import { openCluster } from "./cluster.ts";
import { runDrill } from "./drill.ts";
import { parseOptions } from "./options.ts";
import { findingsTable, isAsDue } from "./table.ts";

const lab = openLab();

/** Gives the exit code: 0 as it should be, 1 not so, 2 bad usage, 4 what could not be carried out, 130 interrupted. */
async function main(words: readonly string[]): Promise<number> {
  try {
    const { name, drill, context, load } = parseOptions(words, {});
    const findings = await runDrill(openCluster(lab, context), drill, load);
    const isCalm = drill === undefined;
    process.stdout.write(findingsTable(name, drill?.sentence ?? "nothing is broken", findings, isCalm));
    return isAsDue(findings, isCalm) ? 0 : 1;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (lab.signal.aborted) {
      if (error instanceof StepError && error.message.includes("taken back")) lab.say(error.message);
      lab.say("interrupted");
      return 130;
    }
    if (!(error instanceof StepError)) throw error;
    lab.say(error.message);
    return 4;
  }
}

process.exitCode = await main(process.argv.slice(2));
