import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { openProcessGroup } from "./process-group.ts";
import { endingText, runProcess, type Command, type Ran } from "./process.ts";

const sh = (script: string, more: Partial<Command> = {}): Promise<Ran> =>
  runProcess({ command: "/bin/sh", args: ["-c", script], limitSeconds: 60, ...more });

test.each<[string, Promise<Ran>, Partial<Ran>]>([
  ["a program that ends well", sh("echo out"), { ending: { kind: "exited", code: 0 }, stdout: "out\n", stderr: "", output: "out\n" }],
  [
    "a program that ends badly",
    sh("echo out; echo err >&2; exit 3"),
    { ending: { kind: "exited", code: 3 }, stdout: "out\n", stderr: "err\n" },
  ],
  ["a program that a signal ended", sh("kill -9 $$"), { ending: { kind: "signalled", signal: "SIGKILL" } }],
  ["what it is given on its standard input", sh("cat", { input: "secret" }), { stdout: "secret" }],
  ["no standard input is an empty one", sh("cat; echo end"), { stdout: "end\n" }],
  ["a program that does not read what it is given", sh("exit 0", { input: "x".repeat(1e6) }), { ending: { kind: "exited", code: 0 } }],
  [
    "the credentials for Prometheus are kept from it",
    sh('echo "$PLIMSOLL_PROMETHEUS_PASSWORD$OTHER"', { environment: { PLIMSOLL_PROMETHEUS_PASSWORD: "hush", OTHER: "said" } }),
    { stdout: "said\n" },
  ],
  ["a program that is too slow", sh("sleep 1000", { limitSeconds: 0.2 }), { ending: { kind: "overdue" } }],
  [
    "a program that is too slow, and what it started",
    sh("sleep 1000 & sleep 1000", { limitSeconds: 0.2 }),
    { ending: { kind: "overdue" } },
  ],
  [
    "a slow program whose daemon left the group and holds its output",
    sh("setsid sleep 3 & sleep 1000", { limitSeconds: 0.2 }),
    { ending: { kind: "overdue" } },
  ],
  [
    "a program that ends in its grace",
    sh("trap 'echo bye; exit 0' INT; echo hi; while :; do sleep 0.05; done", { limitSeconds: 2, graceSeconds: 30 }),
    { ending: { kind: "overdue" }, stdout: "hi\nbye\n" },
  ],
  [
    "a program that does not",
    sh("trap '' INT; while :; do sleep 0.05; done", { limitSeconds: 0.2, graceSeconds: 0.2 }),
    { ending: { kind: "overdue" } },
  ],
  ["a program that nobody waits for any longer", sh("sleep 1000", { signal: AbortSignal.timeout(200) }), { ending: { kind: "aborted" } }],
  ["a program that nobody waits for from the start", sh("sleep 1000", { signal: AbortSignal.abort() }), { ending: { kind: "aborted" } }],
])("runs %s", async (_sentence, ran, expected) => {
  expect(await ran).toMatchObject(expected);
});

test.each<[string, string, RegExp]>([
  ["a program that is not there", "no-such-program-here", /^no-such-program-here does not run: .*ENOENT/],
  ["a folder in the place of a program", "/", /^\/ does not run: .*EACCES/],
  ["a name that no program can have", "a\0b", /does not run: .*null bytes/],
])("%s is told", async (_sentence, command, text) => {
  const { ending } = await runProcess({ command, args: [], limitSeconds: 60 });
  expect(ending).toMatchObject({ kind: "notStarted", isMissing: command.startsWith("no-such") });
  expect(endingText({ command, limitSeconds: 60 }, ending)).toMatch(text);
});

const program = `
import { runProcess } from ${JSON.stringify(fileURLToPath(new URL("process.ts", import.meta.url)))};
import { openProcessGroup } from ${JSON.stringify(fileURLToPath(new URL("process-group.ts", import.meta.url)))};
const args = ["-c", "trap '' INT; sleep 1000 & echo $! $$; wait"];
void runProcess({ command: "/bin/sh", args: ["-c", "echo $$ >&2; exec sleep 1000"], limitSeconds: 1000 });
openProcessGroup().start({ name: "x", command: "/bin/sh", args, environment: {}, folder: ".", logFile: "/dev/null", onLine: (line) => console.log(line) });
`;

test.runIf(existsSync("/proc/self/stat")).each<NodeJS.Signals>(["SIGKILL", "SIGTERM"])(
  "what a process started ends with it, by %s too",
  async (signal) => {
    const parent = spawn(process.execPath, ["--input-type=module-typescript", "-e", program], { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void parent.kill("SIGKILL"));
    const [line] = (await once(parent.stdout.setEncoding("utf8"), "data")) as [string];
    const pids = [...line.trim().split(" "), ...childrenOf(parent.pid)].map(Number);
    expect(pids.length).toBeGreaterThanOrEqual(4); // two programs, what one of them started, and the reaper
    parent.kill(signal);
    await expect.poll(() => pids.filter(isRunning), { timeout: 15_000 }).toEqual([]);
  },
);

function childrenOf(pid: number | undefined): string[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
}

function isRunning(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

test("a group keeps what its children print, and stops them all", async () => {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-group-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const group = openProcessGroup();
  const lines: string[] = [];
  const start = (name: string, command: string, args: string[]) =>
    group.start({
      name,
      command,
      args,
      environment: { PLIMSOLL_PROMETHEUS_PASSWORD: "hush" },
      folder,
      logFile: join(folder, name),
      onLine: (line, from) => void lines.push(`${from} ${line}`),
    });
  const talker = start("talker", "/bin/sh", ["-c", 'echo "a$PLIMSOLL_PROMETHEUS_PASSWORD"; printf b >&2']);
  expect(await talker.exited).toEqual({ code: 0, signal: null });
  expect([lines.toSorted(), talker.tail().toSorted(), talker.exit()]).toEqual([
    ["stderr b", "stdout a"],
    ["a", "b"],
    { code: 0, signal: null },
  ]);
  await expect.poll(() => readFileSync(join(folder, "talker"), "utf8").length).toBe(3);
  expect(await start("missing", "no-such-program-here", []).exited).toMatchObject({ code: null, error: expect.stringContaining("ENOENT") });
  const sleeper = start("sleeper", "/bin/sh", ["-c", "sleep 1000 & wait"]);
  expect(group.isClosed()).toBe(false);
  await group.stopAll();
  expect([group.isClosed(), sleeper.exit()?.signal]).toEqual([true, "SIGTERM"]);
});

test("lines that are not for the log reach whoever listens, and neither the log nor the tail, however they are cut up", async () => {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-group-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const lines: string[] = [];
  const child = openProcessGroup().start({
    name: "k6",
    command: "/bin/sh",
    args: ["-c", "printf 'a\\nown 1'; sleep 0.05; printf '23\\nb\\nown 4\\n'; head -c 100000 /dev/zero | tr '\\0' x; printf 'y\\nc'"],
    environment: {},
    folder,
    logFile: join(folder, "log"),
    isLogged: (line) => !line.startsWith("own"),
    onLine: (line) => void lines.push(line.slice(0, 7)),
  });
  await child.exited;
  expect(lines).toEqual(["a", "own 123", "b", "own 4", "xxxxxxx", "c"]);
  expect(child.tail().map((line) => line.slice(0, 3))).toEqual(["a", "b", "xxx", "c"]);
  await expect.poll(() => readFileSync(join(folder, "log"), "utf8")).toBe(`a\nb\n${"x".repeat(100_000)}y\nc`);
});
