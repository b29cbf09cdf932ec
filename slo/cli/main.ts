#!/usr/bin/env -S npx tsx
import { Command, CommanderError } from "commander";
import { errorMessage, isOfSystem } from "../host/error-message.ts";
import { exitCodeHelp, exitCodes } from "../host/exit-codes.ts";
import { addCheck } from "./check-command.ts";
import { addGate, addHistory, addInit, addPod, addStack, type Done } from "./commands.ts";
import { version } from "../host/command-line.ts";
import { addLoad } from "./load-command.ts";

function program(done: Done): Command {
  const root = new Command("plimsoll")
    .description("Puts a known load on an HTTP service and says, with proof, whether it kept its objectives.")
    .version(`plimsoll ${version}`, "-V, --version", "print the version")
    .showHelpAfterError("(--help shows every option)")
    .showSuggestionAfterError()
    .addHelpText("after", `\n${exitCodeHelp}`)
    .exitOverride()
    .configureOutput({ writeErr: (text) => process.stderr.write(text) });
  for (const add of [addInit, addLoad, addPod, addGate, addCheck, addHistory, addStack]) add(root, done);
  for (const command of root.commands) command.exitOverride();
  return root;
}

async function main(): Promise<number> {
  let exitCode: number = exitCodes.badUsage;
  try {
    await program((code) => (exitCode = code)).parseAsync(process.argv);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.badUsage;
    if (isOfSystem(error)) process.stderr.write(`${error.message}\n`);
    else
      process.stderr.write(`this is a bug in Plimsoll: ${error instanceof Error ? (error.stack ?? error.message) : errorMessage(error)}\n`);
    return exitCodes.notCarriedOut;
  }
}

process.exitCode = await main();
