import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeLive } from "../../build/testing/live.ts";
import { easySpec, reportIn, run, runsIn, workingFolder } from "../cli/cli.fixture.ts";

const openModel = `scenarios: { steady: { executor: "constant-arrival-rate", rate: 60, timeUnit: "1s", duration: "5s", preAllocatedVUs: 100 } }`;

describeLive("a user script", ["k6", "prometheus"], () => {
  const runFile = (folder: string, name: string): string => join(folder, ".plimsoll/runs", runsIn(folder)[0] ?? "none", name);
  const loaded = async (name: string, text: string, more = "", args: string[] = []) => {
    const folder = workingFolder();
    writeFileSync(join(folder, name), text);
    writeFileSync(join(folder, "users.json"), '[{ "path": "/api/users" }]');
    const ended = await run(["load", "--script", name, "--spec", easySpec(folder, more), ...args], { folder });
    return { folder, ended };
  };

  test("with type errors, a typing error in the spec, a line of 100 KB and a file of its own runs, and all that is told", async () => {
    const script = `import http from "k6/http";
import { SharedArray } from "k6/data";
const users = new SharedArray("users", () => JSON.parse(open("users.json")));
export const options = { ${openModel} };
export function setup() { console.error("y".repeat(100_000)); http.put(__ENV.PLIMSOLL_TARGET + "/api/buckets/a", "bytes", { tags: { name: "/api/buckets/:id" } }); }
export default function () { http.get(__ENV.PLIMSOLL_TARGET + users[0].path, { tags: { name: "/api/users" } }); http.get(__ENV.PLIMSOLL_TARGET + "/api/buckets/a", { tags: { name: "/api/buckets/:id" } }); }
export function handleSummary() { return { "mine.json": "{}" }; }
`;
    const { folder, ended } = await loaded("mine.ts", script, "scenarios:\n  mien: { availability: { target: 1% } }\n");
    expect(ended.exitCode, ended.stderr + ended.stdout).toBe(0);
    const { notes } = reportIn(folder);
    expect(notes).toContainEqual(expect.stringMatching(/^mine\.ts:6:\d+ TS\d+: /));
    expect(notes).toContainEqual(expect.stringMatching(/^easy\.yaml:\d+:3 mien: is no scenario here.*\(did you mean mine\?\)$/));
    for (const note of ["mine.ts:6:", "did you mean mine?"]) expect(ended.stderr).toContain(note);
    expect(ended.stderr).toContain("yyyy");
    expect(ended.stderr.length).toBeLessThan(10_000);
    expect(readFileSync(runFile(folder, "k6.log"), "utf8")).toContain("y".repeat(100_000));
    expect(readdirSync(folder).toSorted()).toEqual([".plimsoll", "easy.yaml", "mine.ts", "users.json"]);
    expect(existsSync(runFile(folder, "mine.json"))).toBe(true);
  });

  test("that aborts the test is inconclusive for that reason, and no sample is told to be lost", async () => {
    const script = `import http from "k6/http";
import exec from "k6/execution";
export const options = { ${openModel} };
export default function () {
  http.get(__ENV.PLIMSOLL_TARGET + "/api/users", { tags: { name: "/api/users" } });
  if (exec.scenario.iterationInTest === 150) exec.test.abort("the token is gone");
}
`;
    const { folder, ended } = await loaded("abort.js", script);
    expect(ended.exitCode, ended.stderr + ended.stdout).toBe(3);
    const { reasons, reconciliation } = reportIn(folder);
    expect(reasons.join("\n")).toContain("the script aborted the test: the token is gone");
    expect(reasons.join("\n")).not.toContain("lost");
    expect(reconciliation.explanation).not.toContain("other totals");
  });

  test("that verifies one of two calls of a route, and sends requests past the client, has the integrity of what every call verifies judged", async () => {
    const script = `import http from "k6/http";
import { client } from "plimsoll/k6";
export const options = { ${openModel} };
const call = client();
const users = call("GET /api/users", { expect: [200], answer: "text", isRight: () => true });
const right = call("POST /api/echo", { expect: [200], answer: "text", isRight: () => true });
const unseen = call("POST /api/echo", { expect: [200], answer: "text" });
export default function () {
  users.send();
  right.send({ body: { a: 1 } });
  unseen.send({ body: { a: 1 } });
  http.get(__ENV.PLIMSOLL_TARGET + "/api/users", { tags: { name: "/api/users" } });
}
`;
    const of = (route: string) => `  - { name: "${route}", target: 90%, indicator: { integrity: { where: { route: "${route}" } } } }\n`;
    const { folder, ended } = await loaded("two.js", script, of("/api/users") + of("/api/echo"));
    expect(ended.exitCode, ended.stderr + ended.stdout).toBe(3);
    const { objectives, reconciliation } = reportIn(folder);
    const [users, echo] = objectives.slice(-2);
    expect(users?.evidence?.best.total).toBe(reconciliation.k6Iterations);
    expect(echo?.reason).toContain("every call of the scenario verifies");
  });

  test("whose operation is none is refused before the load", async () => {
    const script = `import { client } from "plimsoll/k6";
const search = client()("GET search", { expect: [200], answer: "text" });
export default function () { search.send(); }
`;
    const { ended } = await loaded("search.js", script);
    expect(ended.exitCode, ended.stderr).toBe(2);
    expect(ended.stderr).toBe('operation must be "METHOD /path", not "GET search"\n');
  });

  test("that could send more than k6 can keep in memory runs without its summary, and the report says what is not counted", async () => {
    const script = `import http from "k6/http";
import { sleep } from "k6";
export const options = { scenarios: { many: { executor: "constant-vus", vus: 300, duration: "4s" } } };
export default function () { http.get(__ENV.PLIMSOLL_TARGET + "/api/users", { tags: { name: "/api/users" } }); sleep(2); }
`;
    const { folder, ended } = await loaded("many.js", script);
    expect([0, 3], ended.stderr + ended.stdout).toContain(ended.exitCode);
    const { notes, reconciliation } = reportIn(folder);
    expect(existsSync(runFile(folder, "k6-summary.json"))).toBe(false);
    expect(reconciliation.k6Requests).toBeNull();
    expect(reconciliation.k6Iterations).toBeGreaterThan(300);
    expect(notes).toContainEqual(expect.stringContaining("k6 was not asked for its summary"));
  });

  test("that never finishes loading ends with 2 and the likely reason", async () => {
    const { ended } = await loaded("loop.js", "for (;;) {}\nexport default function () {}\n");
    expect(ended.exitCode, ended.stderr).toBe(2);
    expect(ended.stderr).toMatch(/the script did not finish loading within 30 s: likely an endless loop, or a slow open\(\)/);
  });

  test("that sleeps for longer than its VUs allow, or has few VUs ready, does not make the iterations that k6 dropped the service's", async () => {
    const script = (vus: string, body: string) => `import http from "k6/http";
import { sleep } from "k6";
export const options = { scenarios: { steady: { executor: "constant-arrival-rate", rate: 60, duration: "5s", ${vus} } } };
export default function () { http.get(__ENV.PLIMSOLL_TARGET + "/api/users", { tags: { name: "/api/users" } }); ${body} }
`;
    const achieved = "  - { name: achieved, target: 99%, indicator: { throughput: { achieved: iterations } } }\n";
    const asleep = await loaded("sleeps.js", script("preAllocatedVUs: 10, maxVUs: 10", "sleep(1);"), achieved);
    const making = await loaded("makes.js", script("preAllocatedVUs: 1, maxVUs: 100", "sleep(0.3);"), achieved);
    for (const { folder, ended } of [asleep, making]) {
      expect(reportIn(folder).load.droppedIterations, ended.stderr).toBeGreaterThan(5);
      expect(ended.exitCode, ended.stderr + ended.stdout).toBe(3);
      const { evidence } = reportIn(folder).objectives.find(({ name }) => name === "achieved") ?? {};
      expect([evidence?.best.bad, evidence?.worst.bad]).toEqual([0, reportIn(folder).load.droppedIterations]);
    }
  });
});
