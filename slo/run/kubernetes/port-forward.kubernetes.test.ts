import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, inject, test } from "vitest";
import { openProcessGroup } from "../../host/process-group.ts";
import { waitFor } from "../../host/wait.ts";
import { reach } from "./port-forward.ts";

const cluster = { context: inject("cluster").context, namespace: "plimsoll" };

test("a kubectl that hangs is replaced, and the address stays", async () => {
  const group = openProcessGroup();
  try {
    const open = await reach(cluster, "http://prometheus.monitoring:9090", group, join(tmpdir(), "plimsoll-forward.log"));
    if (open.kind === "failed") throw new Error(open.message);
    const isUp = (): Promise<true | undefined> =>
      fetch(`${open.url}/-/ready`, { signal: AbortSignal.timeout(1000) }).then(
        ({ ok }) => ok || undefined,
        () => undefined,
      );
    expect(await isUp()).toBe(true);
    process.kill(forwarder(new URL(open.url).port), "SIGSTOP");
    expect(await isUp()).toBe(undefined);
    expect(await waitFor(isUp, 30, 500)).toBe(true);
  } finally {
    await group.stopAll();
  }
});

/** Finds the kubectl that forwards a port. */
function forwarder(port: string): number {
  const isIt = (pid: string): boolean => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`\0${port}:9090\0`);
    } catch {
      return false;
    }
  };
  return Number(readdirSync("/proc").find((name) => /^\d+$/.test(name) && isIt(name)));
}
