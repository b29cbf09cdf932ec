import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { runProcess } from "../../slo/host/process.ts";
import type { Lab } from "./step.ts";

/** Opens the real outside: programs, stderr, the clock, the project's files; Ctrl-C and SIGTERM abort its signal. */
export function openLab(): Lab {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupted.abort());
  const project = fileURLToPath(new URL("../..", import.meta.url));
  return {
    run: runProcess,
    say: (line) => void process.stderr.write(`${line}\n`),
    now: () => performance.now() / 1_000,
    pause: (seconds) => sleep(seconds * 1_000, undefined, { signal: interrupted.signal }),
    signal: interrupted.signal,
    project,
    write: (path, text) => {
      mkdirSync(join(project, dirname(path)), { recursive: true });
      writeFileSync(join(project, path), text);
    },
  };
}
