import { join } from "node:path";
import { serviceQueries } from "../compile/run.ts";
import { openProcessGroup, type ProcessGroup } from "../host/process-group.ts";
import { lockTarget } from "../run/lock.ts";
import { keepsSummary } from "../run/plan.ts";
import { dropUnstarted, rememberJudged, writeRecord, type RunRecord } from "../run/record.ts";
import { diskSentences } from "../run/relay/disk.ts";
import { startRelay } from "../run/relay/relay.ts";
import { scrapeIntervalSeconds } from "../run/local-services.ts";
import { exitCodes } from "../host/exit-codes.ts";
import type { Host } from "../host/host.ts";
import { loadWithK6, type Course, type Running } from "./loading.ts";
import { checkClock, checkPrometheus, checkScrape, checkTarget, scrapeInterval, warnUnscraped } from "./preflight.ts";
import { planSentences, prepare, type LoadOptions, type Prepared } from "./prepare.ts";
import { reachVerdict, sayK6Errors, settleLimitOf } from "../cli/reach-verdict.ts";
import { prometheusAt, type BothSides } from "../host/settings.ts";
import { startStack, type Stack } from "./local-stack.ts";

/** Runs `load`: prepares, starts, checks, loads, settles, judges, reports, stops; gives the exit code. */
export async function load(options: LoadOptions, host: Host): Promise<number> {
  const prepared = await prepare(options, host);
  if (prepared.kind === "refused") {
    host.say(prepared.message);
    return prepared.exitCode;
  }
  [...planSentences(prepared), ...diskSentences(prepared.plan.loadSeconds, prepared.folder)].forEach(host.say);
  const group = openProcessGroup();
  const course: Course = { interrupted: false, k6: undefined };
  host.onInterrupt((times) => {
    course.interrupted = true;
    if (times === 1) host.say("interrupted: stopping k6 and keeping what was measured (once more to stop at once)");
    course.k6?.signal("SIGINT");
    if (times > 1) void group.stopAll().then(() => process.exit(exitCodes.interrupted));
  });
  const lock = options.target === undefined ? undefined : lockTarget(join(host.cache, "locks"), options.target, prepared.testid);
  try {
    if (lock?.kind === "taken")
      return notCarriedOut(host, `the run ${lock.note} (process ${lock.pid}) is loading ${options.target} now; wait for it, or stop it`);
    if (lock?.kind === "failed") return notCarriedOut(host, lock.message);
    return await inGroup(options, host, prepared, group, course);
  } finally {
    host.live(undefined);
    if (lock?.kind === "held") lock.release();
    await group.stopAll();
    dropUnstarted(prepared.folder);
  }
}

/** Says why a run could not be carried out; gives the exit code. */
export function notCarriedOut(host: Host, message: string): number {
  host.live(undefined);
  host.say(message);
  return exitCodes.notCarriedOut;
}

async function inGroup(options: LoadOptions, host: Host, prepared: Prepared, group: ProcessGroup, course: Course): Promise<number> {
  const stack = await startStack(options, host, prepared, group);
  if (stack.kind === "failed") {
    const exitCode = notCarriedOut(host, stack.message);
    return stack.refused ? exitCodes.badUsage : exitCode;
  }
  if (course.interrupted) return exitCodes.interrupted;
  const prometheus = prometheusAt(stack.prometheus, host.settings.credentials);
  const checked = await preflight(options, host, prepared, stack, prometheus);
  if (checked.kind === "problem") return notCarriedOut(host, checked.message);
  const relay = await startRelay({ folder: join(prepared.folder, "spool"), destination: prometheus.destination, say: host.say });
  if (relay.kind === "failed") return notCarriedOut(host, relay.message);
  try {
    const record = newRecord(options, host, prepared, stack, checked);
    writeRecord(prepared.folder, record);
    const running: Running = { prepared, stack, prometheus, relay: relay.relay, record };
    if (course.interrupted) return exitCodes.interrupted;
    await loadWithK6(running, host, group, course);
    return await settleAndJudge(running, options, host);
  } finally {
    await relay.relay.close();
  }
}

/** Checks, before any load, that the target answers and that Prometheus takes, gives back and keeps time. */
export async function preflight(
  options: LoadOptions,
  host: Host,
  prepared: Prepared,
  stack: Stack,
  { api, destination }: BothSides,
): Promise<{ kind: "fine"; offset: number; scrapeIntervalSeconds: number } | { kind: "problem"; message: string }> {
  const service = serviceQueries(prepared.serverLabels);
  // Only what was started here is known to have metrics; elsewhere a service without them shows in its objectives.
  const startedHere = stack.embedded && options.target === undefined;
  const [target, writes, clock, scrape] = await Promise.all([
    options.target === undefined ? ({ kind: "fine", value: undefined } as const) : checkTarget(options.target),
    checkPrometheus(api, destination, prepared.testid, host.now),
    checkClock(api, host.now),
    stack.embedded
      ? checkScrape(api, serviceQueries({ job: prepared.spec.service }), host.now, startedHere ? 15 : 3)
      : ({ kind: "fine", value: undefined } as const),
  ]);
  if (target.kind === "problem") return target;
  if (writes.kind === "problem") return writes;
  if (clock.kind === "problem") return clock;
  if (scrape.kind === "problem" && startedHere) return scrape;
  const wantsServer = prepared.spec.objectives.some(({ indicator }) => indicator.kind !== "ratio" && indicator.side === "server");
  const warning = wantsServer && (!startedHere || options.serverLabels) ? await warnUnscraped(api, service, host.now) : undefined;
  if (warning) host.say(warning);
  const interval = stack.embedded ? scrapeIntervalSeconds : await scrapeInterval(api, service, host.now);
  return { kind: "fine", offset: clock.value, scrapeIntervalSeconds: interval };
}

/** Makes the record of a run that is about to begin. */
export function newRecord(
  options: LoadOptions,
  host: Host,
  prepared: Prepared,
  stack: Stack,
  checked: { offset: number; scrapeIntervalSeconds: number },
): RunRecord {
  const fault = options.fault === undefined ? [] : [`faults were injected into the storage API: ${options.fault}`];
  return {
    ...{ version: 1, testid: prepared.testid, scenario: prepared.name, script: prepared.isUserScript ? (options.script ?? null) : null },
    ...{ specFile: prepared.specFile, specText: prepared.specText, target: stack.target },
    prometheus: { url: stack.prometheus, embedded: stack.embedded },
    cluster: null,
    timings: null,
    serverLabels: prepared.serverLabels,
    slowCounted: !prepared.isUserScript,
    scrapeIntervalSeconds: checked.scrapeIntervalSeconds,
    clockOffsetSeconds: checked.offset,
    countedUntilSeconds: null,
    commandAtSeconds: host.commandAtSeconds,
    inspected: prepared.inspected,
    phase: "prepared",
    interrupted: false,
    ...{ k6: null, health: null, caveats: [], notes: [...fault, ...prepared.notes, ...thresholdNote(prepared), ...summaryNote(prepared)] },
  };
}

/** Says that a script's own thresholds decide nothing here. */
function thresholdNote({ isUserScript, plan }: Prepared): string[] {
  return isUserScript && plan.hasThresholds ? ["the script's own thresholds were not evaluated: the objectives are the gate"] : [];
}

/** Says what nobody counts when k6 keeps no summary. */
function summaryNote({ isUserScript, plan }: Prepared): string[] {
  if (keepsSummary(plan)) return [];
  const scripts = isUserScript ? ", the script's checks are not counted, and its handleSummary() is not called" : "";
  return [
    `k6 was not asked for its summary, for which it keeps every request in memory: only its iterations are compared with what it wrote${scripts}`,
  ];
}

async function settleAndJudge(running: Running, options: LoadOptions, host: Host): Promise<number> {
  const { prepared, prometheus, relay, record } = running;
  sayK6Errors(record, host);
  const limit = settleLimitOf(record, options.settleLimitSeconds);
  const flushed = await relay.flushed(limit);
  if (flushed.kind === "pending")
    return pending(host, prepared, record, `${flushed.bytes} bytes of samples are not in Prometheus: ${flushed.reason}`);
  const reached = await reachVerdict(
    {
      ...{ record, spec: prepared.spec, folder: prepared.folder, sent: relay.sent(), sentIsWhole: true, relayCaveats: relay.caveats() },
      ...{
        prometheus,
        settleLimitSeconds: limit,
        json: options.json,
        now: host.now,
        remember: (judged) => rememberJudged(prepared.folder, record, judged),
      },
    },
    host,
  );
  return reached.kind === "exit" ? reached.exitCode : pending(host, prepared, record, reached.reason);
}

function pending(host: Host, prepared: Prepared, record: RunRecord, reason: string): number {
  host.live(undefined);
  host.say(`inconclusive: ${reason}`);
  host.say(`the samples are kept in ${join(prepared.folder, "spool")}; to go on from there: npm run slo -- gate --run ${prepared.testid}`);
  return record.interrupted ? exitCodes.interrupted : exitCodes.inconclusive;
}
