import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeLive } from "../../build/testing/live.ts";
import { reportIn, run, workingFolder } from "./cli.fixture.ts";

/** A script as people have it: checks in a group, a rate, counters, trends; every BAD-th order of a VU fails. */
const script = `import http from "k6/http";
import { check, group } from "k6";
import { Counter, Rate, Trend } from "k6/metrics";
const orders = new Counter("orders");
const failed = new Counter("orders_failed");
const ok = new Rate("orders_ok");
const time = new Trend("checkout_time", true);
const size = new Trend("answer_size");
const bad = Number(__ENV.BAD || 0);
export const options = {
  scenarios: { shop: { executor: "constant-arrival-rate", rate: 80, duration: "6s", preAllocatedVUs: 100 } },
};
export default function () {
  const response = http.get(\`\${__ENV.PLIMSOLL_TARGET}/api/users\`);
  const good = bad === 0 || __ITER % bad !== 0;
  group("answers", () => check(response, { "status is 200": ({ status }) => good && status === 200 }, { shop: "de" }));
  orders.add(1);
  if (!good) failed.add(1);
  ok.add(good);
  time.add(response.timings.duration);
  size.add(good ? response.body.length : 500000);
}
`;

const spec = (more = ""): string => `version: 1
service: storage-api
objectives:
  - name: checks
    target: 97%
    indicator: { checks: { name: "status is 200", where: { shop: de, group: "::answers" } } }
  - name: counter
    target: 97%
    indicator: { counter: { bad: orders_failed, total: orders } }
  - name: rate
    target: 97%
    indicator: { rate: { name: orders_ok, good: true } }
  - name: time
    target: 97%
    indicator: { trend: { name: checkout_time, atMost: 4s } }
  - name: size
    target: 97%
    indicator: { trend: { name: answer_size, atMost: 100000 } }
  - name: achieved
    target: 97%
    indicator: { throughput: { achieved: iterations } }
  - name: seconds
    target: 50%
    required: false
    indicator: { throughput: { atLeast: 40/s } }
${more}`;

describeLive("what a user script counts itself", ["k6", "prometheus"], () => {
  const load = async (text: string, ...more: string[]) => {
    const folder = workingFolder();
    writeFileSync(join(folder, "shop.js"), script);
    writeFileSync(join(folder, "shop.yaml"), text);
    return run(["load", "--script", "shop.js", "--spec", "shop.yaml", ...more], { folder });
  };
  const judged = (objective: string) => load(`version: 1\nservice: storage-api\nobjectives:\n${objective}`);
  const counts = (folder: string) =>
    reportIn(folder).objectives.map(({ name, verdict, evidence }) => [name, verdict, evidence?.best.bad, evidence?.best.total]);

  test("a healthy one is met, with exact counts and nothing bad", async () => {
    const { exitCode, folder, stderr } = await load(spec());
    const { requests } = reportIn(folder).load;
    expect(counts(folder).filter(([name]) => name !== "seconds")).toEqual(
      ["checks", "counter", "rate", "time", "size", "achieved"].map((name) => [name, "met", 0, requests]),
    );
    const seconds = reportIn(folder).objectives.find(({ name }) => name === "seconds");
    expect([seconds?.advisory, seconds?.evidence?.best.bad]).toEqual([true, 0]);
    expect(seconds?.evidence?.best.total).toBeGreaterThanOrEqual(5);
    expect(exitCode, stderr).toBe(0);
  });

  test("a broken one is exceeded by what failed, each way of counting it says the same", async () => {
    const { exitCode, folder } = await load(spec(), "--set", "BAD=6");
    const failed = counts(folder).filter(([name]) => ["checks", "counter", "rate", "size"].includes(String(name)));
    const bad = failed[0]?.[2];
    expect(failed).toEqual(["checks", "counter", "rate", "size"].map((name) => [name, "exceeded", bad, reportIn(folder).load.requests]));
    expect(bad).toBeGreaterThan(50);
    expect(exitCode).toBe(1);
  });

  test("an advisory objective that is exceeded does not fail the run, and is shown", async () => {
    const more = `  - name: watched
    target: 99%
    required: false
    indicator: { rate: { name: orders_ok, good: false } }
`;
    const { exitCode, folder, stdout } = await load(spec(more));
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/EXCEEDED\s+watched \(advisory\)/);
    expect(reportIn(folder).verdict).toBe("met");
  });

  test("parts of a load are judged by what ended in them, and a k6 scenario of a script by its label", async () => {
    const folder = workingFolder();
    const part = (name: string, indicator: string): string =>
      `  - { name: ${name}, target: 80%, phase: ${name}, indicator: { ${indicator} } }\n`;
    const errors = "errors: { side: client }";
    const text = `version: 1\nservice: storage-api\nobjectives:\n${part("baseline", errors)}${part("spike", errors)}${part("recovery", errors)}`;
    writeFileSync(join(folder, "parts.yaml"), text);
    const asked = ["load", "--scenario", "spike", "--rate", "80", "--duration", "15s", "--set", "warmup=0", "--spec", "parts.yaml"];
    const { stderr, exitCode } = await run(asked, { folder });
    const { objectives, load } = reportIn(folder);
    const totals = (of: "best" | "worst"): number => objectives.reduce((sum, { evidence }) => sum + (evidence?.[of].total ?? 0), 0);
    expect(totals("worst")).toBeLessThanOrEqual(load.requests);
    expect(totals("best")).toBeGreaterThanOrEqual(load.requests - 5); // the last requests may end after the last phase
    expect(objectives.find(({ name }) => name === "recovery")?.recoverySeconds).toBe(0);
    expect(exitCode, stderr).toBe(0);

    const shop = await judged(part("shop", "checks: {}"));
    expect(shop.exitCode, shop.stderr).toBe(0);
    expect((await judged(part("sohp", "checks: {}"))).stderr).toContain(
      "phase sohp is no part of this load: it has shop (did you mean shop?)",
    );
  });

  test("a name that the script does not have stops the run before the load", async () => {
    const { exitCode, stderr } = await load(spec().replace("orders_failed", "orders_fialed"));
    expect(exitCode).toBe(2);
    expect(stderr).toContain(
      "shop.yaml:7:5 counter: orders_fialed is no counter of the script: it has orders, orders_failed (did you mean orders_failed?)",
    );
  });
});
