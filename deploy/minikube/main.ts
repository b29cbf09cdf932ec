import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { addresses, bringUp, takeDown } from "./lab.ts";
import { help, parseOptions } from "./options.ts";
import { run } from "./shell.ts";
import { wordsOf, type Lab } from "./step.ts";

const lab: Lab = {
  run,
  say: (line) => void process.stderr.write(`${line}\n`),
  now: () => performance.now() / 1_000,
  pause: (seconds) => sleep(seconds * 1_000),
  project: fileURLToPath(new URL("../..", import.meta.url)),
};

/** Gives the exit code: 0 done, 2 bad usage, 4 what could not be carried out. */
async function main(words: readonly string[]): Promise<number> {
  const parsed = parseOptions(words);
  if (parsed.kind === "help") {
    process.stdout.write(help);
    return 0;
  }
  if (parsed.kind === "problem") {
    lab.say(`${parsed.message}\n(--help shows every option)`);
    return 2;
  }
  const { options } = parsed;
  const began = lab.now();
  const outcome = options.action === "up" ? await bringUp(lab, options) : await takeDown(lab, options);
  switch (outcome.kind) {
    case "failed":
      lab.say(wordsOf(outcome));
      return 4;
    case "down":
      lab.say("removed");
      return 0;
    case "up":
      lab.say(`ready ${outcome.readySeconds.toFixed(0)} s after the manifests were applied (${(lab.now() - began).toFixed(0)} s in all)`);
      process.stdout.write(addresses(options));
      return 0;
  }
}

process.exitCode = await main(process.argv.slice(2));
