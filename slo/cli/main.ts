#!/usr/bin/env -S npx tsx
import { Command, CommanderError } from "commander";
import { version } from "../host/command-line.ts";
import { errorMessage, isOfSystem } from "../host/error-message.ts";
import { exitCodeHelp, exitCodes } from "../host/exit-codes.ts";
import { openHost } from "../host/host.ts";
import { addCommands, type CarryOut } from "./commands.ts";

async function main(): Promise<number> {
  let exitCode: number = exitCodes.badUsage;
  const carryOut: CarryOut = async (work) => {
    const host = openHost();
    const ended = await work(host);
    exitCode = typeof ended === "number" ? ended : ended.exitCode;
    if (typeof ended === "number") return;
    host.live(undefined);
    if (ended.message !== "") host.say(ended.message);
  };
  const root = new Command("plimsoll")
    .description("Puts a known load on an HTTP service and says, with proof, whether it kept its objectives.")
    .version(`plimsoll ${version}`, "-V, --version", "print the version")
    .showHelpAfterError("(--help shows every option)")
    .showSuggestionAfterError()
    .addHelpText("after", `\n${exitCodeHelp}`)
    .exitOverride()
    .configureOutput({ writeErr: (text) => process.stderr.write(text) });
  addCommands(root, carryOut);
  try {
    await root.parseAsync(process.argv);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.badUsage;
    if (isOfSystem(error)) process.stderr.write(`${error.message}\n`);
    else
      process.stderr.write(`this is a bug in Plimsoll: ${error instanceof Error ? (error.stack ?? error.message) : errorMessage(error)}\n`);
    return exitCodes.notCarriedOut;
  }
}

process.exitCode = exitCodes.notCarriedOut; // where a config awaits what never comes Node ends here, and not with 0
process.exitCode = await main();
process.stdout.write("", () => process.exit()); // what a config left running does not keep the command alive
