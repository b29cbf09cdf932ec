import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, expect, test } from "vitest";
import { describeLive } from "../../build/testing/live.ts";
import { openProcessGroup } from "../host/process-group.ts";
import { startPrometheus } from "../run/local-services.ts";
import { reportIn, run, workingFolder } from "./cli.fixture.ts";

/** How a small service answers its n-th request to a path, and whether its metrics have it. */
interface Ways {
  status?: (path: string, n: number) => number;
  counts?: (n: number, status: number) => boolean;
  /** After so many requests its metrics stand still. */
  frozenFrom?: number;
  countsScrapes?: boolean;
  /** How long it needs to write its metrics, which hold what was counted until then. */
  metricsMillis?: number;
  /** Which scrapes fail; its metrics tell its start time. */
  failsScrape?: (n: number) => boolean;
}

const group = openProcessGroup();
afterAll(() => group.stopAll());

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** Starts a service that counts as promhttp does: a label set comes when it first occurs. */
async function startService({
  status = () => 200,
  counts = () => true,
  frozenFrom = Infinity,
  countsScrapes = false,
  metricsMillis = 0,
  failsScrape,
}: Ways): Promise<string> {
  const counted = new Map<string, number>();
  const add = (route: string, code: number): void => {
    const labels = `{method="GET",route="${route}",status_code="${code}"}`;
    counted.set(labels, (counted.get(labels) ?? 0) + 1);
  };
  const started = failsScrape ? `process_start_time_seconds ${Date.now() / 1000}\n` : "";
  let [asked, scraped] = [0, 0];
  let frozen: string | undefined;
  const server = createServer(async (request, response) => {
    const path = request.url ?? "/";
    if (path === "/metrics") {
      await sleep(metricsMillis);
      scraped += 1;
      if (failsScrape?.(scraped) === true) {
        response.writeHead(503).end();
        return;
      }
      if (countsScrapes) add(path, 200);
      const text = [...counted].map(([labels, n]) => `http_request_duration_seconds_count${labels} ${n}\n`).join("");
      if (asked >= frozenFrom) frozen ??= text;
      response.setHeader("content-type", "text/plain; version=0.0.4");
      response.end(`${started}# TYPE http_request_duration_seconds_count counter\n${frozen ?? text}`);
      return;
    }
    asked += 1;
    const code = status(path, asked);
    if (counts(asked, code)) add(path, code);
    response.writeHead(code).end();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const spec = `version: 1
service: small
objectives:
  - name: server errors
    target: 97%
    indicator: { errors: { side: server } }
`;

/** Writes a script of 50 requests/s for 4 s, with what each iteration does. */
function scriptOf(iteration: string): string {
  return `import http from "k6/http";
export const options = { scenarios: { steady: { executor: "constant-arrival-rate", rate: 50, timeUnit: "1s", duration: "4s", preAllocatedVUs: 100 } } };
export default function () { ${iteration} }
`;
}
const askTarget = 'http.get(__ENV.PLIMSOLL_TARGET + "/work");';

async function judged(ways: Ways, iteration = askTarget, more = "", prometheusOf?: (target: string) => Promise<string>) {
  const folder = workingFolder();
  writeFileSync(join(folder, "small.yaml"), spec);
  writeFileSync(join(folder, "own.js"), scriptOf(iteration) + more);
  const target = await startService(ways);
  const elsewhere = prometheusOf ? ["--prometheus", await prometheusOf(target)] : [];
  const ended = await run(["load", "--script", "own.js", "--spec", "small.yaml", "--target", target, ...elsewhere], { folder });
  const [objective] = reportIn(folder).objectives;
  return { exitCode: ended.exitCode, said: ended.stderr + ended.stdout, requests: reportIn(folder).load.requests, objective };
}

describeLive(
  "a user's script against a service of which only the service's own counters are judged",
  ["k6", "prometheus"],
  ({ prometheus }) => {
    test.each<[string, Ways]>([
      [
        "whose second instance answers 500 and is not scraped",
        { status: (_, n) => (n % 2 === 0 ? 500 : 200), counts: (_, s) => s !== 500 },
      ],
      ["whose metrics stand still after a while", { frozenFrom: 80, status: (_, n) => (n > 150 ? 500 : 200) }],
      ["whose metrics count every second request", { counts: (n) => n % 2 === 0 }],
      ["whose metrics do not count the 500s", { status: (_, n) => (n % 15 === 0 ? 500 : 200), counts: (_, s) => s !== 500 }],
    ])("%s is not met: what k6 sent and nobody counted may be bad", async (_, ways) => {
      const { exitCode, said, objective } = await judged(ways);
      expect(exitCode, said).toBe(3);
      expect(objective).toMatchObject({ verdict: "inconclusive" });
      expect(objective?.reason).toContain("not in the service's counts");
    });

    test.each<[string, Ways, string]>([
      ["that counts all is met", {}, askTarget],
      ["whose / answers 500 is met: it is not asked for", { status: (path) => (path === "/" ? 500 : 200) }, askTarget],
      ["that counts its own scrapes is met", { countsScrapes: true }, askTarget],
      ["of which every third scrape fails is met", { failsScrape: (n) => n % 3 === 0 }, askTarget],
    ])("%s, and both sides agree to the request", async (_, ways, iteration) => {
      const { exitCode, said, objective, requests } = await judged(ways, iteration);
      expect(exitCode, said).toBe(0);
      const all = { total: requests, bad: 0 };
      expect(objective).toMatchObject({ verdict: "met", caveats: [], evidence: { best: all, worst: all } });
    });

    /** Starts a Prometheus that scrapes a target every second, so that its scrapes of slow metrics are nearly always under way. */
    async function startScraping(targetUrl: string): Promise<string> {
      const folder = workingFolder();
      const logFile = join(folder, "prometheus.log");
      const options = { binary: prometheus, folder, logFile, job: "small", targetUrl, intervalSeconds: 1, environment: process.env };
      const started = await startPrometheus(group, options);
      if (started.kind === "failed") throw new Error(started.message);
      return started.url;
    }

    test.each([
      ["the Prometheus that is started for the run, which scrapes it less often", undefined],
      ["a Prometheus of which a scrape is under way when the load begins", startScraping],
    ])("whose metrics take 0.8 s to read is met by %s, and both sides agree to the request", async (_, prometheusOf) => {
      const { exitCode, said, objective, requests } = await judged({ metricsMillis: 800 }, askTarget, "", prometheusOf);
      expect(exitCode, said).toBe(0);
      const all = { total: requests, bad: 0 };
      expect(objective).toMatchObject({ verdict: "met", evidence: { best: all, worst: all } });
    });

    test("requests that the target itself serves by another name are its own: it must count them", async () => {
      const other = `http.get(__ENV.PLIMSOLL_TARGET.replace("127.0.0.1", "shop.test") + "/work");`;
      const hosts = `export const mapped = (options.hosts = { "shop.test": "127.0.0.1" });`;
      const all = await judged({}, `${askTarget} ${other}`, hosts);
      expect(all.exitCode, all.said).toBe(0);
      expect(all.objective).toMatchObject({ verdict: "met", caveats: [] });
      const half = await judged(
        { status: (_, n) => (n % 2 === 0 ? 500 : 200), counts: (_, s) => s !== 500 },
        `${askTarget} ${other}`,
        hosts,
      );
      expect(half.exitCode, half.said).toBe(3);
      expect(half.objective).toMatchObject({ verdict: "inconclusive" });
    });

    test.each([
      [
        "named by their URLs may have been the target's: hosts redirect and are mapped",
        (url: string) => `http.get("${url}/x");`,
        "requests named by another host's URL are not in the service's counts",
      ],
      [
        "with names of the script's own cannot be told apart",
        (url: string) => `http.get("${url}/x", { tags: { name: "other" } });`,
        "is every instance of it scraped?",
      ],
    ])("requests to another host %s", async (_, askOther, reason) => {
      const { exitCode, said, objective } = await judged({}, `${askTarget} ${askOther(await startService({}))}`);
      expect(exitCode, said).toBe(3);
      expect(objective).toMatchObject({ verdict: "inconclusive" });
      expect(objective?.reason).toContain(reason);
    });
  },
);
