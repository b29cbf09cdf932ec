import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { errorMessage } from "../slo/host/error-message.ts";
import { openProcessGroup } from "../slo/host/process-group.ts";
import { exactness } from "./exactness.ts";
import { isReached, rowText, type Figure } from "./figure.ts";
import { overhead } from "./overhead.ts";
import { pods } from "./pods.ts";
import { relay } from "./relay.ts";
import { evidenceCpu, markingCpu, scenarioCpu } from "./scenario-cpu.ts";
import { soakMemory } from "./soak-memory.ts";
import { targetCpu } from "./target-cpu.ts";
import { tracingCpu } from "./tracing-cpu.ts";
import { worlds } from "./worlds.ts";

const figures: readonly Figure[] = [
  exactness,
  scenarioCpu,
  evidenceCpu,
  markingCpu,
  soakMemory,
  relay,
  targetCpu,
  tracingCpu,
  overhead,
  pods,
  worlds,
];

const help = `npm run bench -- [NAME…] [--quick]

Measures the figures that Plimsoll wants to reach, side by side, with their spread and their goals. Without a name: all of them.

${figures.map(({ name, what }) => `  ${name.padEnd(14)} ${what}`).join("\n")}

  --quick        a short pass: rougher numbers, about a quarter of the time
  --seed N       the worlds of another seed
  --only K       one world of that seed, and all that was found in it
  --help

Results go to stdout, progress to stderr. Exit code: 0 all goals reached, 1 a goal missed, 2 bad usage, 4 could not be measured, 130 interrupted.
`;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** What a person chose to measure, and how. */
type Choice = ReturnType<typeof readArgs>;

/** Reads the arguments; throws on bad ones. */
function readArgs(args: string[]) {
  const flag = { type: "boolean", default: false } as const;
  const options = { quick: flag, seed: { type: "string" }, only: { type: "string" }, help: { ...flag, short: "h" } } as const;
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const unknown = positionals.find((name) => !figures.some((figure) => figure.name === name));
  if (unknown !== undefined) throw new Error(`there is no figure ${unknown}`);
  const asked = figures.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  return { ...values, asked, seed: wholeOf("--seed", values.seed), only: wholeOf("--only", values.only) };
}

function wholeOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined || /^\d{1,9}$/.test(text)) return text === undefined ? undefined : Number(text);
  throw new Error(`${flag} takes a whole number, not ${text}`);
}

async function measure({ asked, quick, seed, only }: Choice): Promise<0 | 1> {
  const [group, all] = [openProcessGroup(), mkdtempSync(join(tmpdir(), "plimsoll-bench-"))];
  const cleanUp = async (folder: string): Promise<void> => {
    await group.stopAll();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  const interrupt = async (): Promise<void> => {
    say("interrupted: stopping what was started");
    await cleanUp(all);
    process.exit(130);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => void interrupt());
  process.stdout.write(`${new Date().toISOString().slice(0, 10)}, ${availableParallelism()} cores, Node ${process.version}\n`);
  let missed = false;
  try {
    for (const { name, run } of asked) {
      const [began, folder] = [performance.now(), join(all, name)];
      mkdirSync(folder);
      const rows = await run({ quick, seed, only, group, folder, say: (line) => say(`${name}: ${line}`) });
      await cleanUp(folder);
      for (const row of rows) process.stdout.write(`${name}: ${rowText(row)}\n`);
      missed ||= rows.some((row) => isReached(row) === false);
      say(`${name}: took ${((performance.now() - began) / 1000).toFixed(0)} s`);
    }
  } finally {
    await cleanUp(all);
  }
  return missed ? 1 : 0;
}

async function main(): Promise<number> {
  let choice: Choice;
  try {
    choice = readArgs(process.argv.slice(2));
  } catch (error) {
    say(`${errorMessage(error)}\n\n${help}`);
    return 2;
  }
  if (!choice.help) return measure(choice);
  process.stdout.write(help);
  return 0;
}

process.exitCode = await main().catch((error: unknown) => {
  say(errorMessage(error));
  return 4;
});
