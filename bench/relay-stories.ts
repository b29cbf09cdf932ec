import { simulate, storyDisk } from "./relay-play.ts";
import type { Bench, Figure, Row } from "./figure.ts";

async function play(bench: Bench): Promise<Row[]> {
  const stories = bench.quick ? 500 : 5000;
  const disk = storyDisk();
  let broken = 0;
  for (let seed = 1; seed <= stories; seed += 1) {
    const line = await simulate(seed, disk);
    if (line === undefined) continue;
    broken += 1;
    bench.say(line);
  }
  disk.remove();
  return [{ what: `of ${stories} stories, those that broke a promise`, unit: "count", values: [broken], goal: { atMost: 0, by: "worst" } }];
}

/** Plays thousands of the stories of which the tests play some: pushes, answers and crashes in any order. */
export const relayStories: Figure = {
  name: "relay-stories",
  what: "pushes, answers and crashes of the relay in any order: nothing acknowledged is missing without a caveat",
  run: play,
};
