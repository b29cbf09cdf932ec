import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { staleFiles, writeGenerated } from "./generated.ts";

test("missing and edited files are stale, and are written once", async () => {
  const root = await mkdtemp(join(tmpdir(), "plimsoll-generated-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const files = ["fresh", "edited", "missing"].map((path) => ({ path, text: () => `made for ${path}\n` }));
  await writeFile(join(root, "fresh"), "made for fresh\n");
  await writeFile(join(root, "edited"), "made for edited, then changed\n");
  expect(await staleFiles(root, files)).toEqual(["edited", "missing"]);
  expect(await writeGenerated(root, files)).toEqual(["edited", "missing"]);
  expect(await staleFiles(root, files)).toEqual([]);
  expect(await readFile(join(root, "missing"), "utf8")).toBe("made for missing\n");
});
