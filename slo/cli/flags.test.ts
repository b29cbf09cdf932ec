import { expect, test } from "vitest";
import { optionsIn } from "./flags.ts";

test.each(["--target", "--prometheus", "--spec"])("what %s is by default is what the folder's config says", (flag) => {
  expect(optionsIn("load").find(({ long }) => long === flag)?.description).toContain("of plimsoll.config.ts, else");
});
