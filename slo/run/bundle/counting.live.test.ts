import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeLive } from "../../../build/testing/live.ts";
import { runProcess } from "../../host/process.ts";
import { inspectScript } from "../k6.ts";
import { metricsIn } from "../plan.ts";
import { bundleScenario } from "./bundle.ts";

/** Uses all that k6 has around checks and metrics; what it sees of their behaviour it says itself, in tags and counts. */
const script = `import k6, { check, group, sleep, fail } from "k6";
import * as all from "k6";
import { Counter, Gauge, Rate, Trend } from "k6/metrics";
import exec from "k6/execution";
const seen = new Counter("seen");
const ok = new Rate("ok");
const time = new Trend("time", true);
new Gauge("level");
export const options = { vus: 2, iterations: 10, throw: false };
const saw = (what, value) => seen.add(1, { what, value: String(value) });
const thrown = (run) => { try { return "gave " + run(); } catch (error) { return String(error.message ?? error); } };
export default function () {
  exec.vu.metrics.tags.mine = "yes";
  saw("all pass", check(3, { three: (n) => n === 3, truthy: "x" }));
  saw("one fails", check(3, { three: (n) => n === 4, other: true, zero: 0 }, { shop: "de", n: 1 }));
  saw("default", k6.check(1, { one: 1 }));
  saw("namespace", all.check(1, { two: () => 2 }));
  saw("in a group", group("outer", () => group("inner", () => check(null, { "is null": (v) => v === null }))));
  saw("throws", thrown(() => check(1, { before: true, broken: () => { throw new Error("inside"); }, after: true })));
  saw("async", thrown(() => check(1, { later: async () => true })));
  saw("bad name", thrown(() => check(1, { "a::b": true })));
  saw("bad tags", thrown(() => check(1, { never: true }, 7)));
  saw("no checks", thrown(() => check(1, null)));
  saw("this", check(1, { self() { return this === undefined; } }));
  saw("rate", [ok.add(true), ok.add(0), ok.add(2, { a: "b" }), ok.add("x"), ok.add(null), ok.name, Object.keys(ok).join()].join());
  saw("rate tags", thrown(() => ok.add(1, 7)));
  saw("late metric", thrown(() => new Rate("late")));
  saw("fail", thrown(() => fail("so")));
  time.add(5);
  sleep(0.001);
}
`;

interface Point {
  type: string;
  metric: string;
  data: { value: number; tags: Record<string, string> };
}

describeLive("a script whose checks and rates are counted", ["k6"], ({ k6 }) => {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-counting-"));
  const entry = join(folder, "script.js");
  writeFileSync(entry, script);
  const pointsOf = async (file: string, out: string): Promise<Point[]> => {
    const args = ["run", "--quiet", "--no-usage-report", "--out", `json=${join(folder, out)}`, file];
    const { ending, stderr } = await runProcess({ command: k6, args, limitSeconds: 60 });
    if (ending.kind !== "exited" || ending.code !== 0) throw new Error(stderr);
    const lines = readFileSync(join(folder, out), "utf8").trim().split("\n");
    return lines.map((line) => JSON.parse(line) as Point).filter(({ type }) => type === "Point");
  };
  /** Durations differ from run to run; everything else must not. */
  const textOf = ({ metric, data }: Point): string =>
    `${metric} ${/duration|data_|vus/.test(metric) ? "" : data.value} ${JSON.stringify(Object.entries(data.tags).toSorted())}`;

  test("says the same of itself as it does unbundled, sample by sample, and each check and value is counted beside it", async () => {
    const bundled = await bundleScenario({ entry, outfile: join(folder, "out/bundle.js"), counted: true });
    if (bundled.kind !== "bundled") throw new Error(JSON.stringify(bundled));
    expect(bundled.counted).toEqual({ kind: "counted" });
    const [plain, counted] = await Promise.all([pointsOf(entry, "plain.json"), pointsOf(bundled.file, "counted.json")]);
    const isOurs = ({ metric }: Point): boolean => metric.startsWith("plimsoll_");
    const kept = (points: Point[]): string[] =>
      points
        .filter((point) => !isOurs(point) && !point.metric.startsWith("vus"))
        .map(textOf)
        .toSorted();
    expect(kept(counted)).toEqual(kept(plain));
    const isRefused = ({ metric }: Point): boolean => metric === "plimsoll_refused";
    expect(new Set(counted.filter(isRefused).map(({ data }) => data.tags["plimsoll_metric"])), "what is no number").toEqual(
      new Set(["ok"]),
    );
    expect(counted.filter(isRefused), "a text and null, in each of 10 iterations").toHaveLength(20);
    const asShares = counted
      .filter((point) => isOurs(point) && !isRefused(point))
      .map(({ data: { value, tags } }) => {
        const { plimsoll_good: good, plimsoll_rate: rate, ...own } = tags;
        return `${rate ?? "checks"} ${value} ${good} ${JSON.stringify(Object.entries(own).toSorted())}`;
      });
    const shares = plain
      .filter(({ metric }) => metric === "checks" || metric === "ok")
      .map(({ metric, data: { value, tags } }) => `${metric} 1 ${value !== 0} ${JSON.stringify(Object.entries(tags).toSorted())}`);
    expect(asShares.toSorted()).toEqual(shares.toSorted());
  });

  test("tells the metrics that it makes when k6 looks at it", async () => {
    const environment = { ...process.env, PLIMSOLL_TELLS_METRICS: "1" };
    const looked = await inspectScript({ binary: k6, script: join(folder, "out/bundle.js"), environment });
    if (looked.kind === "problem") throw new Error(looked.message);
    expect(metricsIn(looked.logged)).toEqual([
      { kind: "counter", name: "seen", ofTimes: false },
      { kind: "rate", name: "ok", ofTimes: false },
      { kind: "trend", name: "time", ofTimes: true },
      { kind: "gauge", name: "level", ofTimes: false },
    ]);
  });

  test("CommonJS is left in its place, with the reason", async () => {
    const tied = join(folder, "tied.js");
    writeFileSync(tied, "exports.default = () => {};");
    const bundled = await bundleScenario({ entry: tied, outfile: join(folder, "out/tied.js"), counted: true });
    expect(bundled).toMatchObject({
      kind: "bundled",
      file: tied,
      counted: { kind: "not", reason: expect.stringContaining("is CommonJS") },
    });
  });

  test("a script that finds files from its place still finds them", async () => {
    const files = {
      "users.json": "[1]",
      "health.proto": 'syntax = "proto3"; package p; message M {} service Health { rpc Check(M) returns (M); }',
      "lib/own.json": "[2]",
      "lib/own.js": 'export const own = JSON.parse(open(import.meta.resolve("./own.json")));',
      "opens.js": `import { check } from "k6";
import { open as openFile } from "k6/experimental/fs";
import grpc from "k6/net/grpc";
import { own } from "./lib/own.js";
const client = new grpc.Client();
const text = "import.meta";
client.load(null, "health.proto");
const users = JSON.parse(open("./users.json"));
const { size } = await (await openFile("users.json")).stat();
export default () => void check([...users, ...own, size], { all: (found) => found.join() === "1,2,3" });`,
    };
    mkdirSync(join(folder, "lib"), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const bundled = await bundleScenario({ entry: join(folder, "opens.js"), outfile: join(folder, "out/opens.js"), counted: true });
    if (bundled.kind !== "bundled") throw new Error(JSON.stringify(bundled));
    const points = await pointsOf(bundled.file, "opens.json");
    expect(points.filter(({ metric }) => metric === "plimsoll_checks").map(({ data }) => data.tags["plimsoll_good"])).toEqual(["true"]);
  });
});
