import { Argument, Command, InvalidArgumentError, type OutputConfiguration } from "commander";
import { drills } from "./drills.ts";

const list = Object.entries(drills).map(([name, { sentence }]) => `  ${name.padEnd(22)}${sentence}`);
const help = `
Drills:
${list.join("\n")}
  calm                  nothing is broken, and nothing must be named

Needs the whole lab: npm run minikube -- --with all
Exit code: 0 all five named the fault (calm: none named anything), 1 not so, 2 bad usage, 4 not carried out, 130 interrupted; the fault is taken back in any case.`;

const whole = (least: number) => (value: string) => {
  if (!/^\d+$/.test(value) || Number(value) < least) throw new InvalidArgumentError(`It must be a whole number, ${least} or more.`);
  return Number(value);
};

/** Parses the words after `npm run lab --`; the calm one is no drill. Throws commander's error, its words (or the help) written by `write`. */
export function parseOptions(words: readonly string[], write: OutputConfiguration) {
  const program = new Command("npm run lab --").description("Breaks the lab on purpose, and looks who tells what is wrong.").exitOverride();
  const command = program
    .configureOutput(write)
    .command("drill")
    .description("break the lab under load, and ask gate, alerts, traces, logs and a dashboard what is wrong")
    .addArgument(new Argument("<name>", "the drill").choices([...Object.keys(drills), "calm"]))
    .option("--context <name>", "kubectl's name of the cluster", "plimsoll")
    .option("--rate <number>", "peak arrival rate, iterations a second", whole(1), 60)
    .option("--duration <seconds>", "length of the load", whole(30), 90)
    .addHelpText("after", help);
  program.parse(words, { from: "user" });
  const { context, rate, duration } = command.opts<{ context: string; rate: number; duration: number }>();
  const name = String(command.processedArgs[0]);
  return { name, drill: drills[name], context, load: { rate, seconds: duration } };
}
