import { basename } from "node:path";

const isInstalled = basename(process.argv[1] ?? "").startsWith("plimsoll");

/** Words a command as this one's user would start it: by npx where it is installed, by npm in this repository. */
export function commandLine(command: string, flags: string): string {
  if (isInstalled) return `npx plimsoll ${command} ${flags}`.trimEnd();
  return `${command === "load" ? "npm run load --" : `npm run slo -- ${command}`} ${flags}`.trimEnd();
}

/** The project's version, the same as in package.json, which the image leaves behind. */
export const version = "0.1.0";

const secretName = /pass|secret|token|key|auth|cred|session|cookie|upload|signature/i;

/** Hides what may be a secret in one word of a command: the value of a key that sounds like one, a URL's credentials, a bearer or signed token. */
function withoutSecret(word: string): string {
  const masked = word.replace(/\/\/[^/@\s]+@/g, "//***@").replace(/\b(?:Bearer|Basic)\s+\S+|\beyJ[\w-]+\.[\w.-]+/gi, "***");
  const [, key = "", rest = ""] = /^([^=]+)=(.*)$/s.exec(masked) ?? [];
  return rest !== "" && secretName.test(key)
    ? `${key}=***`
    : masked.replace(/([?&][^=&]*=)[^&\s]+/g, (all, name: string) => (secretName.test(name) ? `${name}***` : all));
}

/** Words this process's own command for a record that others read, its secrets hidden. */
export function shownCommand([command = "", ...flags]: readonly string[]): string {
  const isSecret = (flag = ""): boolean => flag.startsWith("--") && secretName.test(flag);
  const words = flags.map((flag, i) => (isSecret(flags[i - 1]) ? "***" : withoutSecret(flag)));
  return commandLine(command, words.map((word) => (/^[\w@%+=:,./*-]+$/.test(word) ? word : JSON.stringify(word))).join(" "));
}
