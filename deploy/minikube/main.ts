import { CommanderError } from "commander";
import { addresses, bringUp, takeDown } from "./lab.ts";
import { openLab } from "./open-lab.ts";
import { parseOptions } from "./options.ts";
import { StepError } from "./step.ts";

const lab = openLab();

/** Gives the exit code: 0 done, 2 bad usage, 4 what could not be carried out, 130 interrupted. */
async function main(words: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(words, {});
    if (options.action === "up") {
      const { readySeconds, services } = await bringUp(lab, options);
      lab.say(`ready ${readySeconds.toFixed(0)} s after the manifests were applied (${lab.now().toFixed(0)} s in all)`);
      process.stdout.write(addresses(options, services));
    } else {
      const wasThere = await takeDown(lab, options);
      lab.say(wasThere ? "removed" : "there was nothing to remove");
    }
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (lab.signal.aborted) {
      lab.say("interrupted; what was begun stays: run this again to go on, or `npm run minikube -- down`");
      return 130;
    }
    if (!(error instanceof StepError)) throw error;
    lab.say(error.message);
    return 4;
  }
}

process.exitCode = await main(process.argv.slice(2));
