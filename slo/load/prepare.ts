import { randomBytes } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { latencyThresholds } from "../compile/objectives.ts";
import { serviceQueries } from "../compile/run.ts";
import { errorMessage } from "../host/error-message.ts";
import { exitCodes } from "../host/exit-codes.ts";
import { bundleScenario } from "../run/bundle/bundle.ts";
import { checkTypes } from "../run/bundle/check-types.ts";
import { placed, type ScriptProblem } from "../run/bundle/problems.ts";
import { findScenario } from "../run/bundle/scenarios.ts";
import { inspectScript } from "../run/k6.ts";
import { isScalable, keepPlan, metricsIn, phasesOf, readPlan } from "../run/plan.ts";
import { makeOwnFolder, runFolder } from "../run/record.ts";
import { resolveTool } from "../run/tools/resolve.ts";
import { formatProblem } from "../spec/load.ts";
import type { ScriptFacts } from "../spec/script-facts.ts";
import type { Spec } from "../spec/spec.ts";
import type { Host } from "../host/host.ts";
import { scrapeInterval } from "./discovery.ts";
import { badUsage, failed, type NoRun } from "./load-run.ts";
import { neverSent, provableBy } from "./planned.ts";
import { prometheusAt } from "./prometheus.ts";
import { objectiveProblems, readSpec, shownPath, type ReadSpec } from "./spec-file.ts";

export interface LoadOptions {
  scenario?: string | undefined;
  script?: string | undefined;
  target?: string | undefined;
  prometheus?: string | undefined;
  spec?: string | undefined;
  rate?: number;
  duration?: string;
  set?: Record<string, string>;
  fault?: string;
  store?: "memory" | "sqlite";
  /** Where traces and logs of failing requests are looked up, after the verdict. */
  traces?: string | undefined;
  logs?: string | undefined;
  serverLabels: Record<string, string> | undefined;
  /** Where the metrics are, as far as it overrules the spec. */
  scrapePath?: string;
  scrapeScheme?: "http" | "https";
  scrapePort?: number;
  settleLimitSeconds: number;
  stopOn?: "exceeded";
  json?: boolean;
  upload?: string;
  /** Loads although an objective cannot have a request, or cannot be read. */
  force?: boolean;
}

/** A run that is ready to start: parsed, bundled, checked and planned. */
export type Prepared = Exclude<Awaited<ReturnType<typeof prepareIn>>, NoRun>;

function testidOf(now: number, name: string): string {
  const time = new Date(now * 1000).toISOString().replace(/[-:]/g, "").slice(0, 15);
  const plain = name.replace(/[^a-zA-Z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  return `${plain.slice(0, 40) || "script"}-${time}-${randomBytes(2).toString("hex")}`;
}

/** Finds the script to run; reports use its name. */
export function entryOf(options: Pick<LoadOptions, "scenario" | "script">, host: Pick<Host, "folder" | "project">) {
  if (options.script !== undefined) {
    const entry = resolve(host.folder, options.script);
    if (!existsSync(entry)) return badUsage(`there is no script ${options.script}`);
    return { kind: "entry" as const, entry, name: basename(entry).replace(/\.[cm]?[jt]s$/, ""), isUserScript: true };
  }
  const found = findScenario(join(host.project, "scenarios"), options.scenario ?? "");
  if (found.kind === "unknown") return badUsage(found.message);
  return { kind: "entry" as const, entry: found.entry, name: found.name, isUserScript: false };
}
type Entry = Exclude<ReturnType<typeof entryOf>, NoRun>;

function scenarioEnvironment(options: LoadOptions, spec: Spec): Record<string, string> {
  return {
    ...(options.rate === undefined ? {} : { PLIMSOLL_RATE: String(options.rate) }),
    ...(options.duration === undefined ? {} : { PLIMSOLL_DURATION: options.duration }),
    ...(options.script === undefined ? { PLIMSOLL_SET: JSON.stringify(options.set ?? {}) } : options.set),
    PLIMSOLL_SLOW_THRESHOLDS: latencyThresholds(spec, "client", "server").join(","),
  };
}

/** Says how often a given Prometheus scrapes a service whose events are judged: plimsoll/k6 keeps warm-up and load that far apart, so that a scrape lies between. */
async function scrapeEnvironment({ prometheus, serverLabels }: LoadOptions, { objectives, service }: Spec, host: Host) {
  if (prometheus === undefined || objectives.every(({ indicator }) => indicator.kind !== "ratio")) return {};
  const { api } = prometheusAt(prometheus, host.settings.credentials);
  const seconds = await scrapeInterval(api, serviceQueries(serverLabels ?? { job: service }), host.now);
  return { PLIMSOLL_SCRAPE_INTERVAL: String(seconds) };
}

async function findTools({ prometheus: given }: LoadOptions, { say }: Host) {
  const k6 = await resolveTool("k6", { say });
  if (k6.kind === "missing") return failed(k6.message);
  const prometheus = given === undefined ? await resolveTool("prometheus", { say }) : undefined;
  if (prometheus?.kind === "missing") return failed(prometheus.message);
  return { kind: "tools" as const, k6: k6.path, k6Version: k6.version, prometheus: prometheus?.path };
}

/** Parses, bundles, type-checks and plans; nothing is started but tools that answer at once, and a refusal leaves no folder behind. */
export async function prepare(options: LoadOptions, host: Host): Promise<Prepared | NoRun> {
  const entry = entryOf(options, host);
  if (entry.kind === "none") return entry;
  const read = readSpec(host, options.spec, entry.name);
  if (read.kind === "none") return read;
  const problems = objectiveProblems(read.spec, !entry.isUserScript);
  if (problems.length > 0) return badUsage(problems.join("\n"));
  const testid = testidOf(host.commandAtSeconds, entry.name);
  const folder = runFolder(host.folder, testid);
  try {
    makeOwnFolder(host.folder, folder);
  } catch (error) {
    return failed(`${host.folder} cannot be written to, and the run's folder is made there: ${errorMessage(error)}`);
  }
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  let isReady = false;
  host.onInterrupt(() => {
    if (isReady) return; // whoever goes on holds more than a folder
    remove();
    process.exit(exitCodes.interrupted);
  });
  const prepared = await prepareIn(folder, testid, entry, read, options, host);
  isReady = true;
  if (prepared.kind === "none") remove();
  return prepared;
}

const ownObjectives = "no --spec was given: the script is judged by the storage API's own objectives, slo/objectives/storage-api.yaml";

type Script = Exclude<Awaited<ReturnType<typeof bundleHere>> | ReturnType<typeof bundledBefore>, NoRun>;

const mostTypeErrors = 10;

/** Bundles and type-checks a script; its problems come with file, line and column. k6 minds no types, so those of a user script are notes. */
async function bundleHere(folder: string, { entry, isUserScript }: Entry, spec: Spec, host: Host) {
  const shown = (problems: ScriptProblem[]): string[] => problems.map((each) => placed(each, shownPath(host.folder, each.file)));
  const [bundled, types] = await Promise.all([
    bundleScenario({ entry, outfile: join(folder, "bundle.js"), counted: isUserScript && asksOfScript(spec) }),
    checkTypes(entry, host.project),
  ]);
  if (bundled.kind === "problems") return badUsage(shown(bundled.problems).join("\n"));
  const errors = shown(types);
  if (errors.length > 0 && !isUserScript) return badUsage(errors.join("\n"));
  const more = errors.length > mostTypeErrors ? [`and ${errors.length - mostTypeErrors} more type errors`] : [];
  return { ...bundled, kind: "script" as const, notes: [...errors.slice(0, mostTypeErrors), ...more] };
}

/** Tells whether an objective is about what a script counts itself, so that it is bundled with counters of ours. */
const asksOfScript = ({ objectives }: Spec): boolean =>
  objectives.some(({ indicator: { kind } }) => ["checks", "counter", "rate", "trend"].includes(kind));

/** Finds the bundle that was made beforehand; a user script runs as it is. */
function bundledBefore(bundles: string, { entry, name, isUserScript }: Entry) {
  const file = isUserScript ? entry : resolve(bundles, `${name}.js`);
  const counted = { kind: "not" as const, reason: "scripts are not bundled where bundles were made beforehand (PLIMSOLL_BUNDLES)" };
  if (existsSync(file)) return { kind: "script" as const, file, notes: [], counted, hasUnread: true, atOnce: isUserScript };
  return failed(`${bundles} (PLIMSOLL_BUNDLES) has no bundle of the scenario ${name}`);
}

/** What is known of what a script counts itself; undefined where no objective is about that. */
function factsOf({ isUserScript }: Entry, { counted, hasUnread }: Script, logged: readonly string[]): ScriptFacts | undefined {
  if (!isUserScript)
    return { counted: { kind: "not", reason: "the scenarios here make none; write a script and give it with --script" }, metrics: [] };
  if (counted === undefined) return undefined;
  return { counted, metrics: counted.kind === "counted" && !hasUnread ? metricsIn(logged) : undefined };
}

async function prepareIn(folder: string, testid: string, entry: Entry, read: ReadSpec, options: LoadOptions, host: Host) {
  const script =
    host.settings.bundles === undefined ? await bundleHere(folder, entry, read.spec, host) : bundledBefore(host.settings.bundles, entry);
  if (script.kind === "none") return script;
  const tools = await findTools(options, host);
  if (tools.kind === "none") return tools;
  const environment = { ...scenarioEnvironment(options, read.spec), ...(await scrapeEnvironment(options, read.spec, host)) };
  const looked = { ...host.environment, ...environment, PLIMSOLL_TELLS_METRICS: "1" };
  const inspected = await inspectScript({ binary: tools.k6, script: script.file, environment: looked });
  if (inspected.kind === "problem") return badUsage(inspected.message);
  const kept = keepPlan(inspected.output, factsOf(entry, script, inspected.logged), script.atOnce);
  if (kept.kind === "problem") return badUsage(kept.message);
  if ((options.rate ?? options.duration) !== undefined && !isScalable(kept.text))
    return badUsage(
      "--rate and --duration scale our scenarios, and scripts by openLoad of plimsoll/k6; this one has its own options (--set KEY=VALUE gives it __ENV.KEY)",
    );
  const plan = readPlan(kept.text);
  const problems = objectiveProblems(read.spec, !entry.isUserScript, { script: plan.script, phases: phasesOf(plan) });
  if (problems.length > 0) return badUsage(problems.join("\n"));
  const never = read.spec.objectives.flatMap((objective) => {
    const sentence = neverSent(objective, plan);
    return sentence === undefined ? [] : [formatProblem({ place: objective.place, path: objective.name, message: sentence })];
  });
  if (never.length > 0 && !options.force)
    return badUsage(`${never.join("\n")}\nsuch an objective cannot be proved by this load; --force loads all the same`);
  const { path, scheme, port } = read.spec.metrics.scrape;
  return {
    ...entry,
    ...tools,
    kind: "prepared" as const,
    options,
    testid,
    folder,
    spec: read.spec,
    specFile: read.file,
    specText: read.text,
    script: script.file,
    /** Pick the service's own series. */
    serverLabels: options.serverLabels ?? { job: read.spec.service },
    /** Where a Prometheus that is started here reads the metrics. */
    scrape: { path: options.scrapePath ?? path, scheme: options.scrapeScheme ?? scheme, port: options.scrapePort ?? port },
    plan,
    inspected: kept.text,
    scenarioEnvironment: environment,
    /** What may be a slip in the spec or in a user script, each with its place. */
    notes: [
      ...read.notes,
      ...(options.script !== undefined && options.spec === undefined ? [ownObjectives] : []),
      ...script.notes,
      ...never,
    ],
  };
}

export function planSentences(prepared: Prepared): string[] {
  const { plan, spec } = prepared;
  const length = plan.loadSeconds === undefined ? "" : `, ${Math.round(plan.loadSeconds)} s`;
  const offered =
    plan.offeredIterations === undefined
      ? "a closed model: latency objectives cannot be met by it"
      : `${plan.offeredIterations} iterations offered`;
  return [
    ...prepared.notes,
    `${prepared.name}: ${offered}${length}`,
    ...spec.objectives.flatMap((objective) => {
      const { kind, text } = provableBy(objective, spec, plan);
      return kind === "short" ? [`${objective.name}: ${text}`] : [];
    }),
  ];
}
