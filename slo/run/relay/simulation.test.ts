import { execFileSync } from "node:child_process";
import { afterAll, expect, test } from "vitest";
import { emptyFolder } from "./receiver.fixture.ts";
import { simulate } from "./simulation.fixture.ts";

const place = emptyFolder();
const canFill = mounts();
afterAll(() => {
  if (canFill) execFileSync("umount", ["-l", place]);
});

/** Makes the place a small disk, which only root may. */
function mounts(): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", place], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const one = process.env["RELAY_STORY"];
const seeds = one === undefined ? Array.from({ length: 150 }, (_, i) => i + 1) : [Number(one)];

test("whatever pushes, answers, crashes and full disks come in whatever order, nothing acknowledged is missing without a doubt", async () => {
  const broken: string[] = [];
  for (const seed of seeds) broken.push((await simulate(seed, { place, canFill })) ?? "");
  expect(broken.filter((line) => line !== "").slice(0, 5)).toEqual([]);
}, 60_000);
