import { basename } from "node:path";

const isInstalled = basename(process.argv[1] ?? "").startsWith("plimsoll");

/** Words a command as this one's user would start it: by npx where it is installed, by npm in this repository. */
export function commandLine(command: string, flags: string): string {
  if (isInstalled) return `npx plimsoll ${command} ${flags}`.trimEnd();
  return command === "load" ? `npm run load -- ${flags}` : `npm run slo -- ${command} ${flags}`.trimEnd();
}
