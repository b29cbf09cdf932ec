import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { claim } from "./claim.ts";
import { emptyFolder } from "./relay/receiver.fixture.ts";

test("what is held is one holder's, who is named with the note, until it is released", () => {
  const file = join(emptyFolder(), "deep", "owner");
  const first = claim(file, "run-1");
  if (first.kind === "taken") throw new Error("an empty folder is nobody's");
  expect(claim(file, "run-2")).toEqual({ kind: "taken", pid: process.pid, note: "run-1" });
  first.release();
  expect(readdirSync(join(file, "..")), "nothing is left behind").toEqual([]);
  const second = claim(file, "run-2");
  first.release();
  expect([second.kind, existsSync(file)], "the first holder's second release takes nothing from the second").toEqual(["held", true]);
});

const dead = spawnSync(process.execPath, ["-e", ""]).pid;
const birthOf = (pid: number): string => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19] ?? "";

test.each<[string, string]>([
  ["the file of a dead process is taken over", JSON.stringify({ pid: dead, born: "1", note: "" })],
  ["a process that got the dead one's number later does not hold it", JSON.stringify({ pid: process.ppid, born: "1", note: "" })],
  ["neither does this one", JSON.stringify({ pid: process.pid, born: "1", note: "" })],
  ["half a file is nobody's", '{"pid":'],
  ["an empty file is nobody's", ""],
  ["another program's file is nobody's", JSON.stringify({ pid: process.ppid })],
])("%s", (_, text) => {
  const file = join(emptyFolder(), "owner");
  writeFileSync(file, text);
  expect(claim(file, "").kind).toBe("held");
});

test.runIf(existsSync("/proc/self/stat"))("a process that was killed holds nothing, also before its parent has taken notice", () => {
  const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60_000)"]);
  const born = birthOf(child.pid ?? 0);
  child.kill("SIGKILL");
  while (!/\) Z /.test(readFileSync(`/proc/${child.pid}/stat`, "utf8"))); // this test's event loop stands still, so nobody reaps it
  const file = join(emptyFolder(), "owner");
  writeFileSync(file, JSON.stringify({ pid: child.pid, born, note: "" }));
  expect(claim(file, "").kind).toBe("held");
});

test.runIf(existsSync("/proc/self/stat"))("the file of another process that lives is not taken", () => {
  const file = join(emptyFolder(), "owner");
  writeFileSync(file, JSON.stringify({ pid: process.ppid, born: birthOf(process.ppid), note: "its run" }));
  expect(claim(file, "mine")).toEqual({ kind: "taken", pid: process.ppid, note: "its run" });
});
