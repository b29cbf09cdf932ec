import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { reportIn, run, start, workingFolder } from "../../slo/cli/cli.fixture.ts";
import { brief, countsAgree, inNamespace, loadArgs, shown, underWay, withoutParts, withParts } from "../../slo/cli/cluster.fixture.ts";
import { waitFor } from "../../slo/host/wait.ts";
import { databasePart } from "./database.fixture.ts";

/** Asks a pod of the storage API from inside: a service sends nobody to one that is not ready. */
async function asked(path: string): Promise<{ status: number; text: string }> {
  const program = `fetch("http://127.0.0.1:5000${path}").then(async (it) => console.log(JSON.stringify({ status: it.status, text: await it.text() })))`;
  return JSON.parse(await inNamespace("exec", "deployment/storage-api", "--", "node", "-e", program)) as { status: number; text: string };
}
const scaled = (replicas: number) => inNamespace("scale", "statefulset/mongodb", `--replicas=${replicas}`);
const becomes = (status: number) =>
  waitFor(
    async () => {
      const answer = await asked("/health/readiness");
      return answer.status === status ? answer.text : undefined;
    },
    90,
    1_000,
  );

beforeAll(async () => withParts(await databasePart()), 600_000);
afterAll(async () => {
  const own = ["statefulset/mongodb", "deployment/mongodb-exporter", "service/mongodb", "secret/mongodb", "serviceaccount/mongodb"];
  await withoutParts(...own.map((name): [string, string] => ["plimsoll", name]));
}, 400_000);

describe("the storage API over MongoDB", () => {
  test("has its buckets there, and a load of them is met, every request counted by both sides", async () => {
    const folder = workingFolder();
    const ended = await run(loadArgs(folder, ...brief), { folder });
    expect(ended.exitCode, shown(ended)).toBe(0);
    expect(ended.stdout).toMatch(/MET +all \d+ objectives are met/);
    countsAgree(folder);
    const env = await inNamespace(
      "get",
      "deployment/storage-api",
      "-o",
      "jsonpath={.spec.template.spec.containers[0].env[?(@.name=='STORE')].value}",
    );
    expect(env).toBe("mongodb");
    const { text } = await asked("/api/buckets?limit=1");
    expect((JSON.parse(text) as { buckets: unknown[] }).buckets).toHaveLength(1);
  });

  test("says on readiness that the database is gone and is red at the gate meanwhile; both end with it", async () => {
    const command = start(loadArgs(workingFolder(), "--scenario", "smoke", "--rate", "60", "--duration", "40s"));
    try {
      await underWay(command, 1);
      await scaled(0);
      const reason = await becomes(503);
      expect(JSON.parse(reason ?? "{}")).toEqual({ status: "unavailable", reason: expect.stringMatching(/^MongoDB/) });
      expect((await asked("/health/liveness")).status).toBe(200);
      const ended = await command.ended;
      expect(ended.exitCode, shown(ended)).toBe(1);
      const { verdict, objectives } = reportIn(command.folder);
      expect(verdict).toBe("exceeded");
      expect(objectives.filter((one) => one.verdict === "exceeded").map(({ name }) => name)).toContain("availability");
    } finally {
      await scaled(1);
    }
    expect(JSON.parse((await becomes(200)) ?? "{}")).toEqual({ status: "ok" });
    const { text } = await asked("/api/buckets?limit=1");
    expect((JSON.parse(text) as { buckets: unknown[] }).buckets).toHaveLength(1);
  });
});
