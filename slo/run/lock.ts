import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Holds a target for one run, or names the run that holds it. */
export type TargetLock =
  | { kind: "held"; release: () => unknown }
  | { kind: "taken"; by: { testid: string; pid: number } }
  | { kind: "failed"; message: string };

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function holder(file: string): { testid: string; pid: number } | undefined {
  try {
    const { testid, pid } = JSON.parse(readFileSync(file, "utf8")) as { testid: string; pid: number };
    return isAlive(pid) ? { testid, pid } : undefined;
  } catch {
    return undefined;
  }
}

/** Takes the lock of a target URL, so that two runs on this machine do not load it at once; the lock of a dead process is taken over. */
export function lockTarget(folder: string, targetUrl: string, testid: string): TargetLock {
  const name = createHash("sha256").update(new URL(targetUrl).href.replace("//localhost", "//127.0.0.1")).digest("hex").slice(0, 16);
  const file = join(folder, `${name}.json`);
  try {
    mkdirSync(folder, { recursive: true });
    for (let attempt = 0; attempt < 2; attempt += 1) {
      try {
        writeFileSync(file, JSON.stringify({ testid, pid: process.pid, target: new URL(targetUrl).origin }), { flag: "wx" });
        return { kind: "held", release: () => holder(file)?.testid === testid && rmSync(file, { force: true }) };
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
        const by = holder(file);
        if (by) return { kind: "taken", by };
        rmSync(file, { force: true });
      }
    }
    return { kind: "taken", by: holder(file) ?? { testid: "unknown", pid: 0 } };
  } catch (error) {
    return { kind: "failed", message: `cannot lock the target in ${folder}: ${error instanceof Error ? error.message : String(error)}` };
  }
}
