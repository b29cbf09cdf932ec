import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeLive } from "../../build/testing/live.ts";
import type { FoundTool } from "../../build/testing/tools.ts";
import {
  buildService,
  libraries,
  mappings,
  startLibrary,
  type LibraryName,
  type Mapping,
} from "../../build/testing/services/services.fixture.ts";
import { openProcessGroup, type Child } from "../host/process-group.ts";
import { waitFor } from "../host/wait.ts";
import { freePort } from "../run/local-services.ts";
import { reportIn, run, workingFolder } from "./cli.fixture.ts";

const specOf = (job: string, { metrics, route, tellsRoute, atMostSeconds }: Mapping): string => `version: 1
service: ${job}
metrics: ${metrics}
objectives:
  - { name: client, target: 99%, indicator: { errors: { side: client } } }
  - { name: server, target: 99%, indicator: { errors: { side: server } } }
  - { name: client reads, target: 98.5%, indicator: { errors: { side: client, where: { route: "${route}" } } } }
${tellsRoute ? `  - { name: server reads, target: 98.5%, indicator: { errors: { side: server, where: { method: GET, route: "${route}" } } } }\n` : ""}  - { name: server latency, target: 60%, indicator: { latency: { side: server, atMost: ${atMostSeconds}s } } }
`;

/** Four reads and a write in turn, 50 a second for 7 s. */
const scriptOf = ({ route }: Mapping): string => `import http from "k6/http";
import exec from "k6/execution";
export const options = { scenarios: { steady: { executor: "constant-arrival-rate", rate: 50, timeUnit: "1s", duration: "7s", preAllocatedVUs: 100 } } };
export default function () {
  const n = exec.scenario.iterationInTest;
  if (n % 5 === 4) http.post(__ENV.PLIMSOLL_TARGET + "/items", "", { tags: { name: "/items" } });
  else http.get(__ENV.PLIMSOLL_TARGET + "/items/" + n, { tags: { name: ${JSON.stringify(route)} } });
}
`;

/** Reads and writes fail alike: every fifth request is a write. */
const failEvery = 24;

/** One library's service at its ports, and the Prometheus job that scrapes it every second. */
interface Served {
  name: LibraryName;
  job: string;
  built: string;
  port: number;
  metricsPort: number;
}

const builds = new Map<LibraryName, FoundTool>();
const served = new Map<LibraryName, Served>();
for (const name of Object.keys(libraries) as LibraryName[]) {
  const built = await buildService(libraries[name]);
  builds.set(name, built);
  if (built.kind === "missing") continue;
  const port = await freePort();
  const metricsPort = libraries[name].ownMetricsPort ? await freePort() : port;
  served.set(name, { name, job: libraries[name].folder, built: built.path, port, metricsPort });
}

const pause = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

let lanes = 3;
const waiting: (() => void)[] = [];

async function freeLane(): Promise<void> {
  lanes -= 1;
  if (lanes < 0) await new Promise<void>((resolve) => waiting.push(resolve));
}

function endOfLane(): void {
  lanes += 1;
  waiting.shift()?.();
}

/** Loads one library's service after another way of starting it, and gives what was judged. */
async function judged({ name, job, port }: Served, prometheusUrl: string) {
  const folder = workingFolder();
  const mapping = mappings[name];
  writeFileSync(join(folder, "slo.yaml"), specOf(job, mapping));
  writeFileSync(join(folder, "own.js"), scriptOf(mapping));
  const target = `http://127.0.0.1:${port}`;
  const ended = await run(["load", "--script", "own.js", "--spec", "slo.yaml", "--target", target, "--prometheus", prometheusUrl], {
    folder,
  });
  const said = ended.stderr + ended.stdout;
  const { load, objectives } = reportIn(folder);
  const counts = Object.fromEntries(objectives.map(({ name, verdict, caveats, evidence }) => [name, { verdict, caveats, ...evidence }]));
  return { exitCode: ended.exitCode, said, requests: load.requests, counts };
}

async function ask(port: number, times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    const gets = await fetch(`http://127.0.0.1:${port}/items/${i}`);
    await gets.arrayBuffer();
    if (i % 4 === 0) await (await fetch(`http://127.0.0.1:${port}/items`, { method: "POST" })).arrayBuffer();
  }
}

describeLive("the stock metrics of", ["k6", "prometheus"], ({ prometheus: binary }) => {
  const group = openProcessGroup();
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-libraries-"));
  const running = new Map<LibraryName, Child>();
  let prometheusUrl = "";

  beforeAll(async () => {
    prometheusUrl = await startScraping([...served.values()]);
  });
  afterAll(() => group.stopAll());

  async function startScraping(all: readonly Served[]): Promise<string> {
    const config = join(folder, "prometheus.yml");
    const timing = { scrape_interval: "1s", scrape_timeout: "1s" };
    const jobs = all.map(({ name, job, metricsPort }) => ({
      job_name: job,
      ...timing,
      metrics_path: libraries[name].metricsPath,
      static_configs: [{ targets: [`127.0.0.1:${metricsPort}`] }],
    }));
    writeFileSync(config, JSON.stringify({ scrape_configs: jobs }));
    const address = `127.0.0.1:${await freePort()}`;
    const flags = ["--web.enable-remote-write-receiver", "--scrape.discovery-reload-interval=100ms", "--log.level=warn"];
    const child = group.start({
      name: "prometheus",
      command: binary,
      args: [`--config.file=${config}`, `--storage.tsdb.path=${join(folder, "data")}`, `--web.listen-address=${address}`, ...flags],
      environment: process.env,
      folder,
      logFile: join(folder, "prometheus.log"),
    });
    const ready = async (): Promise<true | undefined> => {
      const answered = await fetch(`http://${address}/-/ready`).catch(() => undefined);
      return answered?.ok || child.exit() !== undefined || undefined;
    };
    if (!(await waitFor(ready, 30, 50))) throw new Error("Prometheus did not answer within 30 s");
    return `http://${address}`;
  }

  /** Starts a service anew in the place of the one before, with no label set; a load that is asked for now begins some 3 s after it. */
  async function restart(one: Served, failing: number): Promise<void> {
    await running.get(one.name)?.stop("SIGKILL", 0);
    const logFile = join(folder, `${one.job}.log`);
    running.set(one.name, await startLibrary(group, { ...one, library: libraries[one.name], failEvery: failing, logFile }));
    await pause(1.2);
  }

  /** Loads a service, with two others at most at the same time. */
  async function loadAfter(makeReady: () => Promise<void>, one: Served) {
    await freeLane();
    try {
      await makeReady();
      return await judged(one, prometheusUrl);
    } finally {
      endOfLane();
    }
  }

  describe.concurrent("libraries", () => {
    for (const [name, built] of builds) {
      if (built.kind === "found") continue;
      test(`${name} ${process.env["CI"] ? "can be built" : `(skipped: ${built.message})`}`, ({ skip }) => {
        skip(!process.env["CI"]);
        expect(built).toMatchObject({ kind: "found" });
      });
    }

    test.each([...served])(
      "%s: right verdicts and equal counts on both sides, with the service restarted before the load",
      async (name, one) => {
        await restart(one, 2);
        await ask(one.port, 60);
        await pause(2); // scraped with what it counted

        const healthy = await loadAfter(() => restart(one, 0), one);
        expect(healthy.exitCode, healthy.said).toBe(0);
        expectEqual(healthy, 0);

        const broken = await loadAfter(() => restart(one, failEvery), one);
        expect(broken.exitCode, broken.said).toBe(1);
        expectEqual(broken, failedOf(broken.requests));

        if (name !== "promhttp") return; // what was counted before is taken away, whichever library counts
        const again = await loadAfter(() => Promise.resolve(), one);
        expect(again.exitCode, again.said).toBe(1);
        expectEqual(again, failedOf(broken.requests + again.requests) - failedOf(broken.requests));
      },
      600_000,
    );
  });
});

const failedOf = (requests: number): number => Math.floor(requests / failEvery);

type Judged = Awaited<ReturnType<typeof judged>>;

/** Both sides say the same, and exactly what was sent. */
function expectEqual({ counts, requests, said }: Judged, bad: number): void {
  const verdict = bad > 0 ? "exceeded" : "met";
  const all = { total: requests, bad };
  const exact = (count: unknown) => ({ verdict, caveats: [], best: count, worst: count });
  expect(counts["client"], said).toMatchObject(exact(all));
  expect(counts["server"], said).toMatchObject(exact(all));
  if (counts["server reads"]) expect(counts["server reads"], said).toMatchObject(exact(counts["client reads"]?.best));
  expect(counts["server latency"]?.best?.total, said).toBe(requests);
}
