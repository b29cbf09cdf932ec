import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { emptyFolder } from "../relay/destination.fixture.ts";
import { kubectl } from "./kubectl.ts";

afterEach(() => void vi.unstubAllEnvs());

/** Puts a shell script in kubectl's place; gives its folder. */
function standIn(script: string): string {
  const folder = emptyFolder();
  writeFileSync(join(folder, "kubectl"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, "kubectl"), 0o755);
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
  return folder;
}

test.each<[string, string, object]>([
  ["what it prints is the answer", 'echo "$1"; cat', { kind: "answer", text: "get\nsecret" }],
  [
    "its error is told without its prefixes",
    "echo 'Error from server (NotFound): no such job' >&2; exit 1",
    { kind: "failed", message: "no such job" },
  ],
  [
    "its own log lines are left out",
    "echo 'E1126 10:00:00 memcache.go] x' >&2; echo 'error: no rights' >&2; exit 1",
    { kind: "failed", message: "no rights" },
  ],
  ["an end without a word is told by its code", "exit 3", { kind: "failed", message: "kubectl ended with 3" }],
  ["the credentials for Prometheus are not in its environment", 'echo "<$PLIMSOLL_PROMETHEUS_PASSWORD>"', { kind: "answer", text: "<>\n" }],
])("%s", async (_sentence, script, expected) => {
  vi.stubEnv("PLIMSOLL_PROMETHEUS_PASSWORD", "hush");
  standIn(script);
  expect(await kubectl(["get"], { input: "secret" })).toEqual(expected);
});

test("one that hangs is ended at its limit, and its credential plugin with it", async () => {
  const folder = standIn('sleep 1000 & echo $! > "${0%/*}/plugin"; wait');
  expect(await kubectl([], { limitSeconds: 1 })).toEqual({ kind: "failed", message: "kubectl did not answer within 1 s" });
  const plugin = Number(readFileSync(join(folder, "plugin"), "utf8"));
  await expect.poll(() => isRunning(plugin)).toBe(false);
});

test("one that is not there is named, with where to get it", async () => {
  vi.stubEnv("PATH", emptyFolder());
  expect(await kubectl([])).toEqual({ kind: "failed", message: expect.stringContaining("kubectl is not on the PATH: install it") });
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
