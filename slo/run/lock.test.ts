import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { lockHolder, lockTarget, takeLock } from "./lock.ts";
import { emptyFolder } from "./relay/destination.fixture.ts";

test("what is held is one holder's, who is named with the note, until it is released", () => {
  const folder = join(emptyFolder(), "deep");
  const first = takeLock(folder, "run-1");
  if (first.kind !== "held") throw new Error("an empty folder is nobody's");
  expect(takeLock(folder, "run-2")).toEqual({ kind: "taken", pid: process.pid, note: "run-1" });
  expect(lockHolder(folder)).toEqual({ pid: process.pid, note: "run-1" });
  first.release();
  expect([readdirSync(folder), lockHolder(folder)]).toEqual([["lock.db"], undefined]);
  const second = takeLock(folder, "run-2");
  first.release();
  expect([second.kind, lockHolder(folder)?.note], "the first holder's second release takes nothing from the second").toEqual([
    "held",
    "run-2",
  ]);
});

test("a lock is the folder's, by whatever path", () => {
  const folder = emptyFolder();
  const other = join(emptyFolder(), "link");
  symlinkSync(folder, other);
  takeLock(folder, "mine");
  expect([takeLock(other, ""), lockHolder(other)]).toEqual([
    { kind: "taken", pid: process.pid, note: "mine" },
    { pid: process.pid, note: "mine" },
  ]);
});

test("a folder that nobody has locked has no holder, and looking leaves nothing behind", () => {
  const folder = emptyFolder();
  expect([lockHolder(folder), lockHolder(join(folder, "none")), readdirSync(folder)]).toEqual([undefined, undefined, []]);
});

test("a folder that takes no lock is named, with what to do", () => {
  const folder = emptyFolder();
  mkdirSync(join(folder, "lock.db"));
  expect(takeLock(folder, "")).toEqual({
    kind: "failed",
    message: expect.stringMatching(/lock\.db: unable to open .*: a lock takes a folder that can be written/),
  });
  writeFileSync(join(folder, "file"), "");
  expect(lockTarget(join(folder, "file"), "http://x/", "")).toEqual({
    kind: "failed",
    message: expect.stringMatching(/cannot lock the target: .*ENOTDIR.*PLIMSOLL_CACHE/),
  });
});

test("localhost is 127.0.0.1, a path below it is the same service, and another port is another target", () => {
  const folder = emptyFolder();
  const kinds = ["http://localhost:1/", "http://127.0.0.1:1", "http://127.0.0.1:1/v1", "http://127.0.0.1:2"].map(
    (url) => lockTarget(folder, url, "t").kind,
  );
  expect(kinds).toEqual(["held", "taken", "taken", "held"]);
});

const program = `
import { takeLock } from ${JSON.stringify(fileURLToPath(new URL("lock.ts", import.meta.url)))};
import { createInterface } from "node:readline";
let lock;
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "release") lock?.release?.();
  else lock = takeLock(line, "its run");
  console.log(line === "release" ? "" : JSON.stringify(lock));
}`;

/** A process that takes and releases locks when it is asked to. */
function startTaker(): { child: ChildProcess; ask: (line: string) => Promise<string> } {
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", program], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (line: string): Promise<string> => {
    child.stdin.write(`${line}\n`);
    return String((await answers.next()).value);
  };
  return { child, ask };
}

test("a lock of another process is not taken; that of a killed one is free at once", async () => {
  const folder = emptyFolder();
  const other = startTaker();
  expect(JSON.parse(await other.ask(folder))).toEqual({ kind: "held" });
  expect([takeLock(folder, "mine"), lockHolder(folder)]).toEqual([
    { kind: "taken", pid: other.child.pid, note: "its run" },
    { pid: other.child.pid, note: "its run" },
  ]);
  const ended = new Promise((resolve) => other.child.once("exit", resolve));
  other.child.kill("SIGKILL");
  await ended;
  expect([lockHolder(folder), takeLock(folder, "mine").kind, lockHolder(folder)?.note]).toEqual([undefined, "held", "mine"]);
});

test("of two processes that race for the lock of a dead one, exactly one holds it", async () => {
  const dead = spawnSync(process.execPath, ["-e", ""]).pid;
  const takers = [startTaker(), startTaker()];
  const folder = emptyFolder();
  for (let round = 0; round < 400; round += 1) {
    const raced = join(folder, String(round));
    mkdirSync(raced);
    writeFileSync(join(raced, "lock.db"), "");
    writeFileSync(join(raced, "holder"), JSON.stringify({ pid: dead, note: "" }));
    const got = await Promise.all(takers.map(async ({ ask }) => JSON.parse(await ask(raced)) as { kind: string; pid?: number }));
    expect(got.map(({ kind }) => kind).toSorted(), `round ${round}`).toEqual(["held", "taken"]);
    const winner = takers[got.findIndex(({ kind }) => kind === "held")];
    expect(got.find(({ kind }) => kind === "taken")?.pid, "the loser is told who won").toBe(winner?.child.pid);
    await Promise.all(takers.map(({ ask }) => ask("release")));
  }
});

test("who only looks keeps nobody from taking", async () => {
  const folder = emptyFolder();
  const taker = startTaker();
  for (let round = 0; round < 200; round += 1) {
    const took = taker.ask(folder);
    for (let looks = 0; looks < 20; looks += 1) lockHolder(folder);
    expect(JSON.parse(await took)).toEqual({ kind: "held" });
    await taker.ask("release");
  }
});
