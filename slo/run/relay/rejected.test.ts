import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openRejected } from "./rejected.ts";
import { emptyFolder } from "./destination.fixture.ts";

test("rejected are counted by reason, and found again", () => {
  const folder = emptyFolder();
  const rejected = openRejected(folder);
  expect(rejected.caveats()).toEqual([]);
  expect([rejected.add("refused", "400 old"), rejected.add("refused", "400 old"), rejected.add("lost", "full")]).toEqual([1, 2, 1]);
  rejected.close();
  const again = openRejected(folder);
  expect(again.caveats()).toEqual(["Prometheus refused 2 pushes for good: 400 old", "1 push was lost: full"]);
  again.close();
});

test("many long reasons stay within the room that was taken at the start, and none is uncounted", () => {
  const folder = emptyFolder();
  const rejected = openRejected(folder);
  const room = readFileSync(join(folder, "rejected")).length;
  for (let i = 0; i < 50; i += 1) for (const what of ["lost", "refused"] as const) rejected.add(what, `${i} ${"\ud800".repeat(400)}`);
  rejected.close();
  expect(readFileSync(join(folder, "rejected"))).toHaveLength(room);
  const again = openRejected(folder);
  expect(again.caveats()).toHaveLength(8);
  expect(again.caveats()).toContain("47 pushes were lost: other reasons");
  again.close();
});

test("a list that cannot be read is a caveat of its own", () => {
  const folder = emptyFolder();
  writeFileSync(join(folder, "rejected"), '[{"what":"refu');
  const rejected = openRejected(folder);
  expect(rejected.caveats()).toEqual([`the list of lost pushes in ${join(folder, "rejected")} cannot be read`]);
  rejected.close();
});
