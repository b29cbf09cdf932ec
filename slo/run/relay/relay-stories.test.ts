import { afterAll, expect, test } from "vitest";
import { simulate, storyDisk } from "./relay-stories.fixture.ts";

const disk = storyDisk();
afterAll(disk.remove);

const { RELAY_STORY: one, RELAY_STORIES: many = "200" } = process.env;
const seeds = one === undefined ? Array.from({ length: Number(many) }, (_, i) => i + 1) : [Number(one)];

test(
  "whatever pushes, answers, crashes and full disks come in whatever order, nothing acknowledged is missing without a caveat",
  async () => {
    const broken: string[] = [];
    for (const seed of seeds) {
      const line = await simulate(seed, disk);
      if (line !== undefined) broken.push(line);
    }
    expect(broken).toEqual([]);
  },
  120_000 + seeds.length * 100,
);
