import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { describeLive } from "../../build/testing/live.ts";
import { buildService, protocols, startLibrary } from "../../build/testing/services/services.fixture.ts";
import { openProcessGroup } from "../host/process-group.ts";
import { freePort } from "../run/local-services.ts";
import { reportIn, run, workingFolder } from "./cli.fixture.ts";

/** Calls over gRPC in one k6 scenario, messages over WebSocket in the other, and no HTTP request. */
const script = `import grpc from "k6/net/grpc";
import { WebSocket } from "k6/websockets";
import { check } from "k6";
const steady = { executor: "constant-arrival-rate", duration: "5s", preAllocatedVUs: 100 };
export const options = { scenarios: { calls: { ...steady, rate: 60, exec: "call" }, messages: { ...steady, rate: 60, exec: "message" } } };
const isLost = () => Boolean(__ENV.LOST) && __ITER % 2 === 1;
const client = new grpc.Client();
let connected = false;
export function call() {
  if (!connected) client.connect(__ENV.PLIMSOLL_TARGET.replace("http://", ""), { plaintext: true, reflect: true });
  connected = true;
  const answer = client.invoke("grpc.health.v1.Health/Check", {}, { timeout: isLost() ? "1us" : "30s" });
  check(answer, { "status is OK": ({ status }) => status === grpc.StatusOK });
}
export function message() {
  const socket = new WebSocket(isLost() ? __ENV.LOST : __ENV.SOCKET);
  socket.onopen = () => socket.send("hello");
  socket.onmessage = ({ data }) => { check(data, { "echoed": (text) => text === "hello" }); socket.close(); };
}
`;

const spec = `version: 1
service: protocols
objectives:
  - { name: calls, target: 97%, indicator: { checks: { name: status is OK } } }
  - { name: messages, target: 97%, indicator: { checks: { name: echoed } } }
  - { name: call time, target: 95%, indicator: { trend: { name: grpc_req_duration, atMost: 2s } } }
  - { name: session time, target: 95%, indicator: { trend: { name: ws_session_duration, atMost: 4s } } }
`;

const built = await buildService(protocols);

describeLive("gRPC and WebSocket", ["k6", "prometheus"], () => {
  const group = openProcessGroup();
  afterAll(() => group.stopAll());

  async function loaded(failEvery: number, ...more: string[]) {
    if (built.kind === "missing") throw new Error(built.message);
    const [port, metricsPort] = [await freePort(), await freePort()];
    const logFile = join(mkdtempSync(join(tmpdir(), "plimsoll-protocols-")), "service.log");
    await startLibrary(group, { library: protocols, built: built.path, port, metricsPort, failEvery, logFile });
    const folder = workingFolder();
    writeFileSync(join(folder, "own.js"), script);
    writeFileSync(join(folder, "slo.yaml"), spec);
    const where = ["--target", `http://127.0.0.1:${port}`, "--set", `SOCKET=ws://127.0.0.1:${metricsPort}`, ...more];
    const ended = await run(["load", "--script", "own.js", "--spec", "slo.yaml", ...where], { folder });
    const { objectives } = reportIn(folder);
    const counts = Object.fromEntries(objectives.map(({ name, verdict, evidence }) => [name, { verdict, ...evidence }]));
    return { counts, ended };
  }

  test.each([
    ["a healthy service is met by its checks and its times", 0, 0],
    ["every 20th call and message wrong is exceeded, to the last one", 20, 1],
  ])("%s", async (_, failEvery, exitCode) => {
    const { counts, ended } = await loaded(failEvery);
    expect(ended.exitCode, ended.stderr + ended.stdout).toBe(exitCode);
    for (const name of ["calls", "messages"]) {
      const { best, worst } = counts[name] ?? {};
      expect(worst, name).toEqual(best);
      expect(best?.bad, name).toBe(failEvery === 0 ? 0 : Math.floor((best?.total ?? 0) / failEvery));
      expect(counts[name === "calls" ? "call time" : "session time"]?.best?.total, name).toBe(best?.total);
    }
  });

  test("sessions that were never opened and calls that ran out of time are no good ones, though k6 counts neither check nor time of them", async () => {
    const { counts, ended } = await loaded(0, "--set", `LOST=ws://127.0.0.1:${await freePort()}`);
    expect(ended.exitCode, ended.stderr + ended.stdout).toBe(1);
    expect(counts["calls"]?.verdict).toBe("exceeded");
    for (const name of ["messages", "call time", "session time"]) {
      const { verdict, worst } = counts[name] ?? {};
      expect([name, verdict]).toEqual([name, "inconclusive"]);
      expect(worst?.bad, name).toBeGreaterThan(50);
    }
  });
});
