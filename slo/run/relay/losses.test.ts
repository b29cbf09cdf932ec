import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openLosses } from "./losses.ts";
import { emptyFolder } from "./receiver.fixture.ts";

test("losses are counted by reason, and found again", () => {
  const folder = emptyFolder();
  const losses = openLosses(folder);
  expect(losses.doubts()).toEqual([]);
  expect([losses.add("refused", "400 old"), losses.add("refused", "400 old"), losses.add("lost", "full")]).toEqual([1, 2, 1]);
  losses.close();
  const again = openLosses(folder);
  expect(again.doubts()).toEqual(["Prometheus refused 2 pushes for good: 400 old", "1 push was lost: full"]);
  again.close();
});

test("many long reasons stay within the room that was taken at the start, and none is uncounted", () => {
  const folder = emptyFolder();
  const losses = openLosses(folder);
  const room = readFileSync(join(folder, "losses")).length;
  for (let i = 0; i < 50; i += 1) for (const what of ["lost", "refused"] as const) losses.add(what, `${i} ${"\ud800".repeat(400)}`);
  losses.close();
  expect(readFileSync(join(folder, "losses"))).toHaveLength(room);
  const again = openLosses(folder);
  expect(again.doubts()).toHaveLength(8);
  expect(again.doubts()).toContain("47 pushes were lost: other reasons");
  again.close();
});

test("a list that cannot be read is a doubt of its own", () => {
  const folder = emptyFolder();
  writeFileSync(join(folder, "losses"), '[{"what":"refu');
  const losses = openLosses(folder);
  expect(losses.doubts()).toEqual([`the list of lost pushes in ${join(folder, "losses")} cannot be read`]);
  losses.close();
});
