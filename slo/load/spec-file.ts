import { isUtf8 } from "node:buffer";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";

/** Reads a spec's text, or says in one sentence why there is none; `given` is what a person wrote, relative to `folder`. */
export function readSpecFile(folder: string, given: string): { kind: "text"; text: string } | { kind: "problem"; message: string } {
  const problem = (message: string): { kind: "problem"; message: string } => ({ kind: "problem", message });
  if (/^https?:\/\//i.test(given)) return problem(`${given} is an address; a spec is a file here: download it first`);
  if (given === "") return problem("the name of a spec is empty");
  const path = resolve(folder, given);
  try {
    if (statSync(path).isDirectory()) return problem(`${given} is a folder; ${filesIn(path, given)}`);
    const bytes = readFileSync(path);
    return isUtf8(bytes) ? { kind: "text", text: bytes.toString("utf8") } : problem(`${given}${notUtf8(bytes)}`);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return problem(`there is no spec ${given} (looked for ${path})`);
    if (code === "EACCES" || code === "EPERM") return problem(`the spec ${given} may not be read by this user`);
    return problem(`cannot read the spec ${given}: ${message}`);
  }
}

/** Says where the first byte stands that is no UTF-8: a wrong letter in a name would be another name. */
function notUtf8(bytes: Buffer): string {
  const read = Buffer.from(bytes.toString("utf8"));
  const before = bytes
    .subarray(
      0,
      bytes.findIndex((byte, i) => byte !== read[i]),
    )
    .toString("utf8")
    .split("\n");
  return `:${before.length}:${(before.at(-1) ?? "").length + 1} is not UTF-8 (latin-1 or UTF-16, perhaps): save the file as UTF-8`;
}

function filesIn(path: string, given: string): string {
  const specs = readdirSync(path).filter((name) => /\.ya?ml$/.test(name));
  if (specs.length === 0) return "give a spec file; there is none in it";
  const base = given.replace(/\/+$/, "");
  const shown = specs.slice(0, 5).map((name) => `${base}/${name}`);
  return `give its files: ${shown.join(" ")}${specs.length > shown.length ? " …" : ""}`;
}
