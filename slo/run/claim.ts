import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";

/** Holds what a file stands for until it is released, or names the process that holds it, and its note. */
export type Claim = { kind: "held"; release: () => void } | { kind: "taken"; pid: number; note: string };

const claimSchema = z.strictObject({ pid: z.int().positive(), born: z.string(), note: z.string() });

/** Files that this process holds. */
const held = new Set<string>();

/** Bounds how often a dead process's file is taken away; each time another process was faster. */
const mostTries = 10;

/**
 * Takes a file for this process alone; that of a dead process is taken over, also when its number was given to another.
 * The same file must always be called by the same path. Throws what the system says when it cannot be written.
 */
export function claim(file: string, note: string): Claim {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify({ pid: process.pid, born: bornAt(process.pid), note }));
  try {
    for (let tries = 1; ; tries += 1) {
      try {
        linkSync(draft, file); // appears whole or not at all, and never over another
        break;
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "EEXIST") || tries === mostTries) throw error;
        const holder = holderOf(file);
        if (holder) return { kind: "taken", ...holder };
        rmSync(file, { force: true });
      }
    }
  } finally {
    rmSync(draft, { force: true });
  }
  held.add(file);
  let mine = true;
  return {
    kind: "held",
    release() {
      if (!mine) return;
      mine = false;
      held.delete(file);
      rmSync(file, { force: true });
    },
  };
}

/** Names the process that holds a file, if one does. */
export function holderOf(file: string): { pid: number; note: string } | undefined {
  try {
    const { pid, born, note } = claimSchema.parse(JSON.parse(readFileSync(file, "utf8")));
    const same = pid === process.pid ? held.has(file) : isAlive(pid);
    return same && born === bornAt(pid) ? { pid, note } : undefined;
  } catch {
    return undefined;
  }
}

/** Tells a process from a later one with the same id: its start in clock ticks since boot; empty where there is no /proc, and for a zombie. */
function bornAt(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // proc(5): the name before may hold blanks and brackets
    return state === "Z" ? "" : (fields[18] ?? ""); // the 22nd field of all
  } catch {
    return "";
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
