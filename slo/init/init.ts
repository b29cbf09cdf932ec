import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { z } from "zod";
import { commandLine } from "../host/command-line.ts";
import { errorMessage } from "../host/error-message.ts";
import { exitCodes } from "../host/exit-codes.ts";
import type { Host } from "../host/host.ts";
import { httpUrlProblem } from "../host/http-url.ts";
import { ciJobs, configText, firstObjectives, scenarioText, schemaFrom, specText, type FirstFile } from "./files.ts";
import { lookAtCounting, seenFirst, type Counting } from "./counting.ts";
import { describedBy, type Described } from "./requests.ts";
import { badUsage, failed, type NoRun } from "../load/load-run.ts";
import { bundleScenario } from "../run/bundle/bundle.ts";
import { placed } from "../run/bundle/problems.ts";
import { inspectScript } from "../run/k6.ts";
import { metricsIn, readPlan } from "../run/plan.ts";
import { resolveTool } from "../run/tools/resolve.ts";
import { presetNames } from "../spec/presets.ts";
import { parseDuration } from "../spec/units.ts";
import { fromThresholds, type Thresholds, type Translated } from "../spec/from-thresholds.ts";

export interface InitOptions {
  target?: string;
  fromScript?: string;
  service?: string;
  ci?: keyof typeof ciJobs;
}

/**
 * Writes a first config, scenario, spec and CI job, and overwrites nothing; gives the exit code. `source` is an address, an OpenAPI document
 * or a HAR; where it is not given, what is found in the folder.
 */
export async function init(source: string | undefined, options: InitOptions, host: Host): Promise<number | NoRun> {
  const described = describe(source, options, host);
  if (described.kind === "none") return described;
  const target = options.target ?? described.target;
  if (target === undefined) return badUsage("nothing says where the service is: give --target http://127.0.0.1:8080");
  const ofScript = options.fromScript;
  const thresholds = ofScript === undefined ? [] : await thresholdsOf(resolve(host.folder, ofScript), target, host);
  if ("kind" in thresholds) return thresholds;
  const counting = await lookAtCounting(target);
  if (ofScript === undefined) described.notes.forEach(host.say);
  const [only, ...more] = described.requests;
  if (ofScript === undefined && only !== undefined && more.length === 0 && !only.route.includes("{"))
    described.requests = [await seenFirst(target, only, host.say)];
  host.say(countingSentence(counting, target));
  const ci = options.ci ?? ciOf(host.folder);
  const service = options.service ?? serviceName(host.folder);
  const script = ofScript ?? `perf/${service}.ts`;
  const spec = `${script.replace(/(\.[cm]?[jt]s)?$/, "")}.yaml`;
  const files: FirstFile[] = [["plimsoll.config.ts", configText(script, spec, target)]];
  if (ofScript === undefined) files.push([script, scenarioText(service, described.requests, described.writing)]);
  files.push([spec, specOf(service, spec, counting, thresholds, host)]);
  if (ci !== undefined) files.push([ciJobs[ci], readFileSync(new URL(`./ci/${ci}.yml`, import.meta.url), "utf8")]);
  const kept = files.flatMap(([path]) => (existsSync(join(host.folder, path)) ? [path] : []));
  try {
    for (const file of files) host.say(writeOnce(host.folder, file));
  } catch (error) {
    return failed(`${host.folder} cannot be written to: ${errorMessage(error)}`);
  }
  if (ci === undefined) host.say("no CI job was written: nothing here tells GitHub from GitLab; --ci github or --ci gitlab writes one");
  if (kept.includes(spec)) host.say(`the objectives found now were not written: move ${spec} away and repeat this to have them`);
  // A config that was there need not name what was written now.
  host.out(`next: ${commandLine("load", kept.includes("plimsoll.config.ts") ? `--script ${script} --spec ${spec}` : "")}\n`);
  return counting.silence === undefined ? exitCodes.met : exitCodes.notCarriedOut;
}

const plain = (target: string | undefined, path: string): Described => ({
  kind: "described",
  target,
  requests: [{ route: path, params: {}, query: {}, guessed: [] }],
  writing: [],
  notes: [],
});

/** Finds out what to ask of the service: of the source, or of what is in the folder. */
function describe(source: string | undefined, { target, fromScript }: InitOptions, host: Host): Described | NoRun {
  if (source !== undefined && /^https?:/i.test(source)) {
    const problem = httpUrlProblem(source);
    return problem === undefined ? plain(new URL(source).origin, new URL(source).pathname) : badUsage(`${source} ${problem}`);
  }
  const documents = fromScript === undefined ? readdirSync(host.folder).toSorted() : [];
  const found = source ?? documents.find((name) => /^(openapi|swagger)\.(ya?ml|json)$|\.har$/.test(name));
  if (found === undefined) {
    if (target !== undefined || fromScript !== undefined) return plain(target, "/");
    return badUsage("nothing here says what the service is: give its address, an OpenAPI document or a HAR, such as http://127.0.0.1:8080");
  }
  try {
    const described = describedBy(readFileSync(resolve(host.folder, found), "utf8"));
    if (described.kind === "problem") return badUsage(`${found} ${described.message}`);
    return { ...described, notes: [`read ${found}`, ...described.notes] };
  } catch (error) {
    return badUsage(`${found} cannot be read: ${errorMessage(error)} (an address begins with http:// or https://)`);
  }
}

const withThresholds = z.object({
  thresholds: z.record(z.string(), z.array(z.union([z.string(), z.object({ threshold: z.string() })]))).nullish(),
});

/** Reads a script's thresholds by k6 itself, and translates each into an objective, or says why it cannot be one. */
async function thresholdsOf(script: string, target: string, host: Host): Promise<Translated[] | NoRun> {
  if (!existsSync(script)) return badUsage(`there is no script ${script}`);
  const k6 = await resolveTool("k6", { say: host.say });
  if (k6.kind === "missing") return failed(k6.message);
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-init-"));
  try {
    const bundled = await bundleScenario({ entry: script, outfile: join(folder, "bundle.js"), counted: true });
    if (bundled.kind === "problems") return badUsage(bundled.problems.map((each) => placed(each)).join("\n"));
    const environment = { ...host.environment, PLIMSOLL_TARGET: target, PLIMSOLL_TELLS_METRICS: "1" };
    const inspected = await inspectScript({ binary: k6.path, script: bundled.file, environment });
    if (inspected.kind === "problem") return badUsage(inspected.message);
    if (!readPlan(inspected.output).openModel)
      host.say("the script's executors are of a closed model: latency and dropped iterations can be proved only with an arrival rate");
    const read: Thresholds = withThresholds.parse(JSON.parse(inspected.output)).thresholds ?? {};
    return fromThresholds(read, metricsIn(inspected.logged));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes the objectives: of a script's thresholds where there are any, and else the first ones. */
function specOf(service: string, file: string, counting: Counting, translated: readonly Translated[], host: Host): string {
  const refused = translated.flatMap((each) => (each.kind === "refused" ? [`not translated: ${each.threshold}: ${each.reason}`] : []));
  const taken = translated.filter((each) => each.kind === "objective");
  const objectives = taken.map(({ objective }) => objective);
  const noted = taken.filter(({ note }) => note !== undefined);
  const notes = new Map(noted.map(({ objective, threshold, note }) => [objective, `translated: ${threshold}: ${note}`]));
  [...refused, ...notes.values()].forEach(host.say);
  // The service is held to the latency that the script asks of its client, the longest where it asks several.
  const asked = objectives.flatMap(({ indicator }) => {
    const limit = indicator.latency && parseDuration(indicator.latency.atMost);
    return limit?.kind === "value" ? [limit.value] : [];
  });
  const first = firstObjectives(counting, asked.length > 0 ? Math.max(...asked) : undefined);
  // A script's thresholds are the client's word; what the service counts stands beside it.
  const isServed = ({ indicator }: (typeof first)[number]): boolean => Object.values(indicator).some(({ side }) => side === "server");
  const all = objectives.length > 0 ? [...objectives, ...first.filter(isServed)] : first;
  return specText(service, counting.metrics, all, refused, notes, schemaFrom(resolve(host.folder, file), host.folder));
}

function countingSentence({ metrics, bucketsSeconds, readAt, silence, histogram }: Counting, target: string): string {
  const how = `say in the spec how it counts (metrics: ${presetNames.join(", ")}, or a mapping of your own) for the server's side`;
  if (silence !== undefined)
    return `${target} does not answer (${silence}), so nothing is known of it: the objectives are the client's alone; start it, remove what is written now and repeat this, or ${how}`;
  if (metrics === undefined)
    return `${target} shows no metrics of a known library now${histogram === undefined ? "" : `, but the histogram ${histogram}`}, so the objectives are the client's; ${how}`;
  const name = typeof metrics === "string" ? metrics : metrics.preset;
  return `${target} counts as ${name} does (read at ${readAt})${bucketsSeconds.length === 0 ? ", without buckets of latency" : ""}`;
}

function serviceName(folder: string): string {
  const [, name = basename(folder)] = /"name"\s*:\s*"([^"]+)"/.exec(textOf(join(folder, "package.json"))) ?? [];
  const plainName = name.replace(/^@[^/]*\//, "").replace(/[^A-Za-z0-9_-]+/g, "-");
  return plainName.replace(/^-+|-+$/g, "") || "service";
}

const textOf = (file: string): string => (existsSync(file) ? readFileSync(file, "utf8") : "");

function ciOf(folder: string): InitOptions["ci"] {
  if (existsSync(join(folder, ".github"))) return "github";
  if (existsSync(join(folder, ".gitlab-ci.yml"))) return "gitlab";
  const remotes = textOf(join(folder, ".git/config"));
  return /github\.com/.test(remotes) ? "github" : /gitlab/.test(remotes) ? "gitlab" : undefined;
}

function writeOnce(folder: string, [path, text]: FirstFile): string {
  const file = join(folder, path);
  if (existsSync(file)) return `${path} is there already and stays as it is`;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text, { flag: "wx" });
  return `wrote ${path}`;
}
