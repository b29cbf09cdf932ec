import { expect, test } from "vitest";
import { fakeApi } from "./fake-api.fixture.ts";
import { readerOf } from "./points.ts";
import { assertSharesAgree } from "./shares.ts";

const read = (promql: string) => () => ({ promql });
const shares = { ofK6: read("share"), counted: read("counted") };
type Row = [labels: Record<string, string>, value: number];

const assertFor = (ofK6: Row[], counted: Row[]): Promise<void> => {
  const series = (rows: Row[]) => rows.map(([labels, value]) => ({ labels, valueAt: () => value }));
  const api = fakeApi((query) => series(query === "share" ? ofK6 : counted));
  return assertSharesAgree(readerOf(api, { fromSeconds: 1000, toSeconds: 1000, stepSeconds: 1 }), shares);
};
const good = (labels: Record<string, string>, value: number): Row => [{ __name__: "c", plimsoll_good: "true", ...labels }, value];
const bad = (labels: Record<string, string>, value: number): Row => [{ __name__: "c", plimsoll_good: "false", ...labels }, value];

test.each<[string, Row[], Row[]]>([
  ["nothing agrees with nothing", [], []],
  ["a share is good of all", [[{ __name__: "k6_checks_rate", check: "a" }, 2 / 3]], [good({ check: "a" }, 2), bad({ check: "a" }, 1)]],
  ["a share of 0 has only bad ones", [[{ check: "a" }, 0]], [bad({ check: "a" }, 7)]],
  [
    "each set of labels stands for itself",
    [
      [{ check: "a" }, 1],
      [{ check: "a", shop: "de" }, 0],
    ],
    [good({ check: "a" }, 7), bad({ check: "a", shop: "de" }, 7)],
  ],
])("%s", async (_, ofK6, counted) => {
  await expect(assertFor(ofK6, counted)).resolves.toBeUndefined();
});

test.each<[string, Row[], Row[], RegExp]>([
  ["a share that nobody counted beside", [[{ check: "b" }, 1]], [good({ check: "a" }, 2)], /share of 1.*"b".*nothing was counted/],
  [
    "another share than was counted",
    [[{ check: "a" }, 0.5]],
    [good({ check: "a" }, 2)],
    /2 of 2 were counted: a module that is imported from https/,
  ],
])("%s proves nothing", async (_, ofK6, counted, reason) => {
  await expect(assertFor(ofK6, counted)).rejects.toThrow(reason);
});
