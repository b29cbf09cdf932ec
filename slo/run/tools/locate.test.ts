import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cacheFolder, findOnPath } from "./locate.ts";
import { temporaryFolder, writeProgram } from "./release.fixture.ts";

const folders: [string, Record<string, string>, NodeJS.Platform, string][] = [
  ["PLIMSOLL_CACHE is the folder itself", { PLIMSOLL_CACHE: "/c", XDG_CACHE_HOME: "/x", HOME: "/h" }, "linux", "/c"],
  ["XDG_CACHE_HOME comes next", { XDG_CACHE_HOME: "/x", HOME: "/h" }, "linux", "/x/plimsoll"],
  ["a relative XDG_CACHE_HOME is passed over", { XDG_CACHE_HOME: "x", HOME: "/h" }, "linux", "/h/.cache/plimsoll"],
  ["an empty PLIMSOLL_CACHE counts as unset", { PLIMSOLL_CACHE: "", HOME: "/h" }, "linux", "/h/.cache/plimsoll"],
  ["macOS has its own place", { HOME: "/h" }, "darwin", "/h/Library/Caches/plimsoll"],
];
test.each(folders)("%s", (_sentence, environment, os, folder) => {
  expect(cacheFolder(environment, os)).toBe(folder);
});

test("PATH is searched in order; folders of that name, plain files and relative entries are passed over", async () => {
  const [first, second, third] = [await temporaryFolder(), await temporaryFolder(), await temporaryFolder()];
  await mkdir(join(first, "k6"));
  const path = await writeProgram(join(second, "k6"), "");
  await writeProgram(join(third, "k6"), "");
  expect(findOnPath("k6", { PATH: `:.:bin:${first}:${second}:${third}` })).toBe(path);
  expect(findOnPath("k6", {})).toBeUndefined();
});
