import { isBuiltin } from "node:module";
import { resolve } from "node:path";
import type { Message } from "esbuild";

/** What is wrong at one place of a script; `line` and `column` begin at 1, `file` is absolute. */
export interface ScriptProblem {
  file: string;
  line: number;
  column: number;
  message: string;
}

/** Words a problem with its place; `shown` shortens the file's path. */
export const placed = ({ file, line, column, message }: ScriptProblem, shown = file): string => `${shown}:${line}:${column} ${message}`;

/** Says what is wrong with a script as a whole. */
export const problemOf = (file: string, message: string): ScriptProblem => ({ file, line: 1, column: 1, message });

/** Reads esbuild's errors; paths in them are relative to `folder`. */
export function esbuildProblems(errors: readonly Message[], entry: string, folder: string): ScriptProblem[] {
  return errors.map(({ text, location }) => {
    const message = `${text}${unresolvedHint(text)}`;
    if (location === null) return problemOf(entry, message);
    return { file: resolve(folder, location.file), line: location.line, column: location.column + 1, message };
  });
}

/** Says what to do about an import that was not found: a package, a module of Node that k6 has not, a file. */
function unresolvedHint(text: string): string {
  const [, name] = /^Could not resolve "(.+)"$/.exec(text) ?? [];
  if (name === undefined) return "";
  if (/^(\.{0,2}\/|\.{1,2}$|file:)/.test(name)) return "; there is no such file";
  if (isBuiltin(name)) return "; k6 has no modules of Node.js";
  const [first = name, second] = name.split("/");
  return `; install it beside the script: npm install ${first.startsWith("@") && second !== undefined ? `${first}/${second}` : first}`;
}

const located = /^(.+)\((\d+),(\d+)\): error (TS\d+: .*)$/;
const unlocated = /^error (TS\d+: .*)$/;

/** Reads what `tsc --pretty false` prints; lines that go on with an error are joined to it. Paths are relative to `folder`. */
export function tscProblems(output: string, entry: string, folder: string): ScriptProblem[] {
  const problems: ScriptProblem[] = [];
  for (const line of output.split("\n")) {
    const [, file, row, column, message] = located.exec(line) ?? [];
    const general = unlocated.exec(line)?.[1];
    const last = problems.at(-1);
    if (file !== undefined && message !== undefined)
      problems.push({ file: resolve(folder, file), line: Number(row), column: Number(column), message });
    else if (general !== undefined) problems.push(problemOf(entry, general));
    else if (last !== undefined && line.startsWith("  ")) last.message += ` ${line.trim()}`;
  }
  return problems;
}
