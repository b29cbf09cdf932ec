import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { CommanderError } from "commander";
import { addresses, bringUp, takeDown } from "./lab.ts";
import { parseOptions } from "./options.ts";
import { runProcess } from "../../slo/host/process.ts";
import { StepError, type Lab } from "./step.ts";

const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupted.abort());

const project = fileURLToPath(new URL("../..", import.meta.url));
const lab: Lab = {
  run: runProcess,
  say: (line) => void process.stderr.write(`${line}\n`),
  now: () => performance.now() / 1_000,
  pause: (seconds) => sleep(seconds * 1_000, undefined, { signal: interrupted.signal }),
  signal: interrupted.signal,
  project,
  write: (path, text) => {
    mkdirSync(join(project, dirname(path)), { recursive: true });
    writeFileSync(join(project, path), text);
  },
};

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
    if (interrupted.signal.aborted) {
      lab.say("interrupted; what was begun stays: run this again to go on, or `npm run minikube -- down`");
      return 130;
    }
    if (!(error instanceof StepError)) throw error;
    lab.say(error.message);
    return 4;
  }
}

process.exitCode = await main(process.argv.slice(2));
