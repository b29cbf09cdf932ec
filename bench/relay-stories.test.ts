import { afterAll, expect, test } from "vitest";
import { simulate, storyDisk } from "./relay-play.ts";

const disk = storyDisk();
afterAll(disk.remove);

const one = process.env["RELAY_STORY"];
const seeds = one === undefined ? Array.from({ length: 200 }, (_, i) => i + 1) : [Number(one)];

test("whatever pushes, answers, crashes and full disks come in whatever order, nothing acknowledged is missing without a caveat", async () => {
  const broken: string[] = [];
  for (const seed of seeds) {
    const line = await simulate(seed, disk);
    if (line !== undefined) broken.push(line);
  }
  expect(broken).toEqual([]);
}, 120_000);
