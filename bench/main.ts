import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { errorMessage } from "../slo/host/error-message.ts";
import { openProcessGroup, type ProcessGroup } from "../slo/host/process-group.ts";
import { exactness } from "./exactness.ts";
import { isReached, rowText, type Bench, type Figure, type Row } from "./figure.ts";
import { overhead } from "./overhead.ts";
import { relay } from "./relay.ts";
import { scenarioCpu } from "./scenario-cpu.ts";
import { soakMemory } from "./soak-memory.ts";
import { targetCpu } from "./target-cpu.ts";
import { worlds } from "./worlds.ts";

const figures: readonly Figure[] = [exactness, scenarioCpu, soakMemory, relay, targetCpu, overhead, worlds];

const help = `npm run bench -- [NAME…] [--quick]

Measures the figures that Plimsoll wants to reach, side by side, with their spread and their goals. Without a name: all of them.

${figures.map(({ name, what }) => `  ${name.padEnd(14)} ${what}`).join("\n")}

  --quick        a short pass: rougher numbers, about a quarter of the time
  --seed N       the worlds of another seed
  --only K       one world of that seed, and all that was found in it
  --help

Results go to stdout, progress to stderr. Exit code: 0 all goals reached, 1 a goal missed, 2 bad usage, 4 could not be measured, 130 interrupted.
`;

const project = fileURLToPath(new URL("../", import.meta.url));

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** What a person chose of how it is measured. */
type Choice = Pick<Bench, "quick" | "seed" | "only">;

/** Reads the arguments; throws on bad ones. */
function ask(args: string[]): Choice & { asked: readonly Figure[]; help: boolean } {
  const flag = { type: "boolean", default: false } as const;
  const options = { quick: flag, seed: { type: "string" }, only: { type: "string" }, help: { ...flag, short: "h" } } as const;
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const unknown = positionals.find((name) => !figures.some((figure) => figure.name === name));
  if (unknown !== undefined) throw new Error(`there is no figure ${unknown}`);
  const asked = figures.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const { quick, help } = values;
  return { asked, quick, help, seed: wholeOf("--seed", values.seed), only: wholeOf("--only", values.only) };
}

function wholeOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined || /^\d{1,9}$/.test(text)) return text === undefined ? undefined : Number(text);
  throw new Error(`${flag} takes a whole number, not ${text}`);
}

/** What Ctrl-C has to clean up. */
let open: { group: ProcessGroup; folder: string } | undefined;

async function cleanUp(): Promise<void> {
  const { group, folder } = open ?? {};
  open = undefined;
  await group?.stopAll();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

async function measure(figure: Figure, { quick, seed, only }: Choice): Promise<Row[]> {
  const group = openProcessGroup();
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-bench-"));
  open = { group, folder };
  try {
    return await figure.run({ quick, seed, only, project, group, folder, say: (line) => say(`${figure.name}: ${line}`) });
  } finally {
    await cleanUp();
  }
}

async function main({ asked, ...choice }: ReturnType<typeof ask>): Promise<number> {
  const interrupt = async (): Promise<void> => {
    say("interrupted: stopping what was started");
    await cleanUp();
    process.exit(130);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => void interrupt());
  process.stdout.write(`${new Date().toISOString().slice(0, 10)}, ${availableParallelism()} cores, Node ${process.version}\n`);
  let missed = false;
  for (const figure of asked) {
    const began = performance.now();
    const rows = await measure(figure, choice);
    for (const row of rows) process.stdout.write(`${figure.name}: ${rowText(row)}\n`);
    missed ||= rows.some((row) => isReached(row) === false);
    say(`${figure.name}: took ${((performance.now() - began) / 1000).toFixed(0)} s`);
  }
  return missed ? 1 : 0;
}

/** Gives the exit code that stands for an error, after saying it. */
function failed(code: 2 | 4, error: unknown): number {
  say(errorMessage(error));
  return code;
}

let read: ReturnType<typeof ask> | undefined;
try {
  read = ask(process.argv.slice(2));
} catch (error) {
  process.exitCode = failed(2, error);
  say(`\n${help}`);
}
if (read?.help) process.stdout.write(help);
else if (read) process.exitCode = await main(read).catch((error: unknown) => failed(4, error));
