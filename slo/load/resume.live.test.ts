import { createServer } from "node:http";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeLive } from "../../build/testing/live.ts";
import { brief, easySpec, reportIn, run, runsIn, start, workingFolder } from "../cli/cli.fixture.ts";

describeLive("gate", ["k6", "prometheus"], () => {
  test("of a run that is under way is refused, and disturbs nothing", async () => {
    const command = start(["load", "--scenario", "smoke", ...brief, "--duration", "5m", "--spec", easySpec(workingFolder())]);
    await command.says("smoke  ");
    const early = await run(["gate"], { folder: command.folder });
    expect([early.exitCode, early.stderr]).toEqual([3, expect.stringMatching(/the run is under way in process \d+; ask again/)]);
    command.process.kill("SIGINT");
    const ended = await command.ended;
    expect(ended.exitCode, ended.stderr + ended.stdout).toBe(130);
    const { relayRequests, prometheusRequests } = reportIn(command.folder).reconciliation;
    expect(relayRequests).toBeGreaterThan(0);
    expect(prometheusRequests).toBe(relayRequests);
  });

  test("says the same as often as it is asked, with the times of the run itself, and without a warning", async () => {
    const folder = workingFolder();
    const first = await run(["load", "--scenario", "smoke", ...brief, "--spec", easySpec(folder)], { folder });
    expect(first.exitCode, first.stderr + first.stdout).toBe(0);
    const of = reportIn(folder);
    for (const _ of [1, 2]) {
      const again = await run(["gate"], { folder });
      expect([again.exitCode, again.stderr]).toEqual([0, expect.not.stringContaining("could not be written")]);
      const then = reportIn(folder);
      expect([then.verdict, then.timings, then.reconciliation]).toEqual([of.verdict, of.timings, of.reconciliation]);
      expect(then.objectives.map(({ name, evidence }) => [name, evidence?.worst])).toEqual(
        of.objectives.map(({ name, evidence }) => [name, evidence?.worst]),
      );
    }
    const [testid = "none"] = runsIn(folder);
    rmSync(join(folder, ".plimsoll", "runs", testid, "prometheus"), { recursive: true });
    const lost = await run(["gate"], { folder });
    const stays = expect.stringMatching(/judged again, this run is inconclusive \(.+\): the report that found it met stays; exit 3/);
    expect([lost.exitCode, lost.stderr, reportIn(folder).verdict]).toEqual([3, stays, "met"]);
  });
});

describeLive("a script that is not ours", ["k6", "prometheus"], () => {
  test("that loads another service than the target proves nothing about the target", async () => {
    const folder = workingFolder();
    const [target, other] = await Promise.all([answering(), answering()]);
    const spec = join(folder, "own.yaml");
    writeFileSync(spec, "version: 1\nservice: own\nobjectives:\n  - { name: ok, target: 97%, indicator: { errors: { side: client } } }\n");
    const script = join(folder, "own.js");
    writeFileSync(
      script,
      `import http from "k6/http";
       export const options = { scenarios: { a: { executor: "constant-arrival-rate", rate: 60, duration: "5s", preAllocatedVUs: 100 } } };
       export default function () { http.get(__ENV.HARD_CODED ?? __ENV.PLIMSOLL_TARGET); }`,
    );
    const args = ["load", "--script", script, "--target", target.url, "--spec", spec];
    const wrong = await run([...args, "--set", `HARD_CODED=${other.url}`], { folder });
    expect(wrong.exitCode, wrong.stderr + wrong.stdout).toBe(3);
    expect(wrong.stdout.replace(/\s+/g, " ")).toContain(`the script sent nothing to ${target.url}, only to ${other.url}`);
    const right = await run(args, { folder });
    expect(right.exitCode, right.stderr + right.stdout).toBe(0);
    for (const { stop } of [target, other]) stop();
  });
});

async function answering(): Promise<{ url: string; stop: () => void }> {
  const server = createServer((_, response) => void response.end("ok"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return { url: `http://127.0.0.1:${port}`, stop: () => (server.closeAllConnections(), server.close()) };
}
