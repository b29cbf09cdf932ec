import { randomInt } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { answerOf, queryNumber, queryVector, type PrometheusApi } from "../collect/prometheus.ts";
import { clockQuery, preflightQuery, serviceQueries, type ServiceQueries } from "../compile/run.ts";
import { errorMessage } from "../host/error-message.ts";
import { encodeWrite } from "../run/relay/body.ts";
import { writeOnce } from "../run/relay/write.ts";
import type { Host } from "../host/host.ts";
import { waitFor } from "../host/wait.ts";
import { scrapeUrl } from "../run/local-services.ts";
import { k6Labels, plimsollMetrics } from "../spec/names.ts";
import { sideOf } from "../spec/side.ts";
import { dropUnstarted, type RunRecord } from "../run/record.ts";
import { badUsage, failed, type NoRun } from "./load-run.ts";
import type { Place } from "./local.ts";
import { originOf } from "./new-record.ts";
import { outlookOf } from "./outlook.ts";
import { prepare, type LoadOptions, type Prepared } from "./prepare.ts";
import { scrapeInterval, waitForDiscovery } from "./discovery.ts";
import { prometheusAt, type PrometheusEnds } from "./prometheus.ts";
import type { ReadSpec } from "./spec-file.ts";

/** Ends a check before the load: fine, or why not and what to do. */
export type Checked<T> = { kind: "fine"; value: T } | NoRun;
const fine: Checked<undefined> = { kind: "fine", value: undefined };

/** What a pod says that was asked to stop before its part began. */
export const stoppedEarly = failed("it was told to stop before the load began");

/** Asks until it is fine, and gives the last problem when it is not within `limitSeconds`. */
export async function insist<T>(ask: () => Promise<Checked<T>>, limitSeconds: number, stopped: () => boolean, pauseSeconds = 0.25) {
  let last: Checked<T> = stoppedEarly;
  const asked = await waitFor(
    async () => {
      if (stopped()) return stoppedEarly;
      last = await ask();
      return last.kind === "fine" ? last : undefined;
    },
    limitSeconds,
    pauseSeconds * 1000,
  );
  return asked ?? last;
}

/** What enforces NetworkPolicies may learn of a new pod some seconds after it has begun, and refuse it until then. */
const podPatienceSeconds = 10;

/** Makes a check of reach as patient as its place asks for: where nothing has to be waited for, a slip is told at once. */
export const patiently = <T>(environment: NodeJS.ProcessEnv, check: () => Promise<Checked<T>>): Promise<Checked<T>> =>
  insist(check, environment["KUBERNETES_SERVICE_HOST"] === undefined ? 0 : podPatienceSeconds, () => false);

/** Connects to the target, a few times at most. It asks nothing: a request of ours would be in the service's counts. */
export async function checkTarget(url: string): Promise<Checked<undefined>> {
  const ask = async (): Promise<Checked<undefined>> => {
    const reason = await connectTo(new URL(url)).catch(errorMessage);
    if (reason === undefined) return fine;
    return failed(`the target ${new URL(url).origin} does not answer: ${reason}. Start it, or give another with --target`);
  };
  return insist(ask, 0.6, () => false, 0.3);
}

async function connectTo({ hostname, port, protocol }: URL): Promise<void> {
  const host = hostname.replace(/^\[|\]$/g, "");
  const socket = connect({ host, port: Number(port) || (protocol === "https:" ? 443 : 80), timeout: 5000 });
  socket.once("timeout", () => socket.destroy(new Error("no connection within 5 s")));
  await once(socket, "connect");
  socket.destroy();
}

/** Writes one sample as the run will write all of its own; says why Prometheus did not take it, and what to do. */
export async function writeSample(
  { api: { url }, destination }: PrometheusEnds,
  labels: Record<string, string>,
  value: number,
  atSeconds: number,
): Promise<Checked<undefined>> {
  const written = await writeOnce(destination, encodeWrite([{ labels, value, atMillis: Math.round(atSeconds * 1000) }]));
  if (written.kind === "written") return fine;
  if (written.kind === "unreachable")
    return failed(`Prometheus at ${url} does not answer: ${written.reason}. Start it, or give another with --prometheus`);
  const remedy = ". Start it with --web.enable-remote-write-receiver, or set PLIMSOLL_PROMETHEUS_WRITE where samples are written elsewhere";
  const hint = written.status === 404 || written.status === 405 ? remedy : "";
  return failed(
    `Prometheus at ${url} refuses remote write at ${new URL(destination.url).pathname} (${written.status}): ${written.reason}${hint}`,
  );
}

/** Writes one sample through the same way as the run will, and asks for it back. */
async function checkPrometheus(ends: PrometheusEnds, testid: string, now: () => number): Promise<Checked<undefined>> {
  const { api } = ends;
  const value = randomInt(1, 1_000_000_000);
  const labels = { __name__: plimsollMetrics.preflight, [k6Labels.testid]: testid };
  const written = await writeSample(ends, labels, value, now());
  if (written.kind === "none") return written;
  let reason = "the sample did not come back";
  const back = await waitFor(
    async () => {
      const got = await answerOf(() => queryNumber(api, preflightQuery(testid), now() + 60));
      if (got.kind === "failed") reason = got.reason;
      return got.kind === "answer" && got.value === value ? true : undefined;
    },
    10,
    25,
  );
  if (back) return fine;
  return failed(`Prometheus at ${api.url} took a sample and did not give it back within 10 s: ${reason}`);
}

/** How often Prometheus is asked for its time: a slow answer tells it wrong by half of what it took. */
const clockReads = 3;

/** Measures Prometheus's clock minus ours, in seconds, from the middle of the quickest of a few requests; more than a minute is a problem. */
export async function checkClock(api: PrometheusApi, now: () => number): Promise<Checked<number>> {
  let best = { tookSeconds: Number.POSITIVE_INFINITY, offset: 0 };
  for (let i = 0; i < clockReads; i += 1) {
    const before = now();
    const got = await answerOf(() => queryVector(api, clockQuery, undefined));
    const after = now();
    const theirs = got.kind === "answer" ? got.value[0]?.points[0]?.value : undefined;
    if (theirs === undefined)
      return failed(`Prometheus at ${api.url} does not tell its time${got.kind === "failed" ? `: ${got.reason}` : ""}`);
    if (after - before < best.tookSeconds) best = { tookSeconds: after - before, offset: theirs - (before + after) / 2 };
  }
  const { offset } = best;
  if (Math.abs(offset) > 60)
    return failed(`the clock of Prometheus at ${api.url} is ${offset.toFixed(0)} s off from this machine's: set one of them right`);
  return { kind: "fine", value: Math.abs(offset) < 0.05 ? 0 : offset };
}

async function isScraped(api: PrometheusApi, service: ServiceQueries, rangeSeconds: number, now: () => number): Promise<boolean> {
  const up = await answerOf(() => queryNumber(api, service.reachable(rangeSeconds), now()));
  return up.kind === "answer" && (up.value ?? 0) > 0;
}

/**
 * Waits until Prometheus has scraped the service twice, so that its counters have a "before", and what was asked of it sooner is told from what others
 * ask just before the load. A scrape that began before this does not hold what asked whether the service is up: where later ones are late, that would
 * be one more request than k6 sends.
 */
export async function checkScrape(
  api: PrometheusApi,
  service: ServiceQueries,
  now: () => number,
  limitSeconds: number,
  say: Host["say"] = () => undefined,
): Promise<Checked<undefined>> {
  const begunSeconds = now();
  const sinceThen = (): number => Math.max(0.001, now() - begunSeconds);
  say(`waiting until Prometheus has scraped the service with ${service.shown}, ${limitSeconds} s at most`);
  const isScrapedTwice = async (): Promise<true | undefined> => {
    const scrapes = await answerOf(() => queryNumber(api, service.scrapes(sinceThen()), now()));
    return (scrapes.kind === "answer" && (scrapes.value ?? 0) >= 2) || undefined;
  };
  const scraped = await waitFor(isScrapedTwice, limitSeconds, 25);
  return scraped ? fine : failed(`Prometheus at ${api.url} could not scrape the service with ${service.shown} within ${limitSeconds} s`);
}

/** What preflight finds out: Prometheus's clock minus ours, how often the service is scraped, and with what it loads. */
export type Preflight = Pick<RunRecord, "clockOffsetSeconds" | "scrapeIntervalSeconds" | "origin">;

/** Checks, before any load, that the target answers and that Prometheus takes, gives back and keeps time. */
export async function preflight(
  prepared: Prepared,
  host: Host,
  { embedded, target: targetUrl, scrapeIntervalSeconds, pods }: Place,
  ends: PrometheusEnds,
  signal: AbortSignal,
): Promise<Checked<Preflight>> {
  const { testid, spec, serverLabels, scrape: scrapedAt, options, k6Version } = prepared;
  const { api } = ends;
  const service = serviceQueries(serverLabels);
  // Only what was started here is known to have metrics; elsewhere a service without them shows in its objectives.
  const startedHere = embedded && options.target === undefined;
  const limitSeconds = startedHere ? 15 : Math.max(3, 4 * (scrapeIntervalSeconds ?? 0));
  const [target, writes, clock, scrape, origin] = await Promise.all([
    options.target === undefined ? fine : patiently(host.environment, () => checkTarget(options.target ?? "")),
    patiently(host.environment, () => checkPrometheus(ends, testid, host.now)),
    patiently(host.environment, () => checkClock(api, host.now)),
    embedded ? checkScrape(api, serviceQueries({ job: spec.service }), host.now, limitSeconds, host.say) : fine,
    originOf(host, k6Version, api),
  ]);
  if (target.kind === "none") return target;
  if (writes.kind === "none") return writes;
  if (clock.kind === "none") return clock;
  if (scrape.kind === "none" && startedHere) return scrape;
  const wantsServer = spec.objectives.some(({ indicator }) => sideOf(indicator) === "server");
  if (wantsServer && !embedded) await waitForDiscovery(api, service, { ...host, now: () => host.now() + clock.value }, signal, pods);
  if (wantsServer && (!startedHere || options.serverLabels) && !(await isScraped(api, service, 300, host.now)))
    host.say(
      embedded && !options.serverLabels
        ? `the service's metrics cannot be read at ${scrapeUrl(targetUrl, scrapedAt)}, so the server's side will be inconclusive; say where they are with --scrape-path, --scrape-port and --scrape-scheme, or metrics.scrape in the spec`
        : `Prometheus at ${api.url} does not scrape a service with ${service.shown}, so the server's side will be inconclusive; choose it with --server-label`,
    );
  // Of what was scraped once only what stands there is told: what is not there yet may come with the first request.
  const isLooked = !embedded || (wantsServer && !startedHere && scrape.kind === "fine");
  const hopeless = isLooked ? await hopelessObjectives(prepared, host, api, clock.value, embedded) : [];
  if (embedded) hopeless.forEach(host.say);
  else if (hopeless.length > 0 && !options.force)
    return badUsage(`${hopeless.join("\n")}\nno load can change that; --force loads all the same`);
  const interval = scrapeIntervalSeconds ?? (await scrapeInterval(api, service, host.now));
  return { kind: "fine", value: { clockOffsetSeconds: clock.value, scrapeIntervalSeconds: interval, origin } };
}

/** Says of each objective what is not there for it yet, and gives those that no load can prove. */
async function hopelessObjectives(prepared: Prepared, host: Host, api: PrometheusApi, offset: number, isYoung: boolean): Promise<string[]> {
  const { objectives } = await outlookOf({ ...prepared, api, atSeconds: host.now() + offset, slowCounted: !prepared.isUserScript });
  return objectives.flatMap(({ name, state, lines }) => {
    const sentence = `${name}: ${lines.join("; ")}`;
    switch (state) {
      case "readable":
        return [];
      case "unknown":
      case "unreadable":
        if (state === "unreadable" || !isYoung) host.say(sentence);
        return [];
      case "impossible":
        return [sentence];
    }
  });
}

/** Says what the objectives of a spec would read of a Prometheus now; with a scenario or a script, also whether that load could prove them. */
export async function checkAgainst(url: string, { spec }: ReadSpec, options: LoadOptions, host: Host) {
  const { api } = prometheusAt(url, host.settings.credentials);
  const clock = await checkClock(api, host.now);
  if (clock.kind === "none") return failed(`${clock.message}. Start that Prometheus, or give another address with --against`);
  // Prepared as if it were to run, and nothing of it left behind.
  const prepared = (options.scenario ?? options.script) === undefined ? undefined : await prepare({ ...options, force: true }, host);
  if (prepared?.kind === "none") return prepared;
  if (prepared) dropUnstarted(prepared.folder);
  const { serverLabels = { job: spec.service } } = prepared ?? options;
  const slowCounted = prepared?.isUserScript === false;
  const asked = { spec: prepared?.spec ?? spec, serverLabels, plan: prepared?.plan, slowCounted, api, atSeconds: host.now() + clock.value };
  return { kind: "outlook" as const, outlook: await outlookOf(asked) };
}
