import { resolve } from "node:path";
import { ruleFile, type RuleFormat } from "../compile/rule-file.ts";
import { compileRules, slugOf } from "../compile/rules.ts";
import type { WindowSet } from "../compile/burn-windows.ts";
import { errorMessage } from "../host/error-message.ts";
import { exitCodes } from "../host/exit-codes.ts";
import type { Host } from "../host/host.ts";
import { replaceFile } from "../host/replace-file.ts";
import type { Where } from "../spec/spec.ts";
import { badUsage, failed, type NoRun } from "./load-run.ts";
import { problemTexts, readSpec, type ReadSpec } from "./spec-file.ts";

export interface RuleOptions {
  format: RuleFormat;
  windows: WindowSet;
  out?: string;
  serverLabel?: Where;
}

/** Writes the recording and alert rules of a spec's objectives; those that production cannot see are left out, and said. */
export function writeRules(specFile: string | undefined, options: RuleOptions, host: Host): number | NoRun {
  const read = readSpec(host, specFile, undefined);
  if (read.kind === "none") return read;
  const rules = rulesText(read, options);
  if (rules.kind === "none") return rules;
  rules.leftOut.forEach((line) => host.say(`left out: ${line}`));
  if (options.out === undefined) host.out(rules.text);
  else
    try {
      replaceFile(resolve(host.folder, options.out), rules.text);
    } catch (error) {
      return failed(errorMessage(error));
    }
  return exitCodes.met;
}

export function rulesText({ spec, file }: Pick<ReadSpec, "spec" | "file">, { format, windows, serverLabel }: RuleOptions) {
  const compiled = compileRules(spec, serverLabel ?? { job: spec.service }, windows);
  if (compiled.kind === "problems") return badUsage(problemTexts(compiled.problems).join("\n"));
  const { groups, leftOut } = compiled;
  if (groups.length === 0) return badUsage([...leftOut, `${file}: no objective is about what a Prometheus in production sees`].join("\n"));
  const comments = [
    `Written by \`rules\` from ${file}: change the objectives, not this file.`,
    ...(windows === "short" ? ["Short windows, for a demonstration: in production they would page for little."] : []),
    ...leftOut.map((line) => `Left out: ${line}.`),
  ];
  return { kind: "rules" as const, leftOut, text: ruleFile(groups, format, `${slugOf(spec.service)}-objectives`, comments) };
}
