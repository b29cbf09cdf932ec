import { settingKeys } from "../../scenarios/lib/settings.ts";
import { faultPresets } from "../../target/faults/rules.ts";
import { commandLine } from "../host/command-line.ts";
import { exitCodeHelp } from "../host/exit-codes.ts";
import variables from "../host/variables.json" with { type: "json" };
import texts from "./help.json" with { type: "json" };

const columns = (entries: Readonly<Record<string, string>>): string => {
  const width = Math.max(...Object.keys(entries).map((name) => name.length));
  return Object.entries(entries)
    .map(([name, meaning]) => `  ${name.padEnd(width)}  ${meaning}`)
    .join("\n");
};

const faultNames = Object.keys(faultPresets);

/** What stands in the texts as $name. */
const gaps: Record<string, string> = {
  examples: columns(Object.fromEntries(Object.entries(texts.examples).map(([flags, meaning]) => [commandLine("load", flags), meaning]))),
  settings: columns(settingKeys),
  faults: [faultNames.slice(0, 4), faultNames.slice(4)].map((names) => `  ${names.join(", ")}`).join(",\n"),
  variables: columns(variables.shown),
  credentials: texts.credentials.join("\n"),
  exitCodes: exitCodeHelp,
};

const filled = (lines: readonly string[]): string => lines.join("\n").replace(/\$(\w+)/g, (_, gap: string) => gaps[gap] ?? "");

export const loadHelp = filled(texts.load);
export const gateHelp = filled(texts.gate);
export const checkHelp = filled(texts.check);
