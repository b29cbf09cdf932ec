import type { Child, ProcessGroup } from "../host/process-group.ts";
import { runK6 } from "../run/run-k6.ts";
import { writeRecord, type RunRecord } from "../run/record.ts";
import type { Relay } from "../run/relay/relay.ts";
import { progressAt, writtenAt } from "./progress.ts";
import type { Host } from "../host/host.ts";
import { startLiveLine } from "./live-progress.ts";
import type { Prepared } from "./prepare.ts";
import type { BothSides } from "../host/settings.ts";
import type { Stack } from "./local-stack.ts";

/** What a run has by the time k6 starts. */
export interface Running {
  prepared: Prepared;
  stack: Stack;
  prometheus: BothSides;
  relay: Relay;
  record: RunRecord;
}

/** Ends the load early or not at all; what ended it is remembered. */
export interface Course {
  interrupted: boolean;
  k6: Child | undefined;
}

/** Runs k6 to its end, or stops it when it overstays its plan; what became of it stands in the record. */
export async function loadWithK6(running: Running, host: Host, group: ProcessGroup, course: Course): Promise<void> {
  const { prepared, stack, relay, record } = running;
  const { child, begun, ended } = runK6(group, {
    ...{ binary: prepared.k6, script: prepared.script, folder: prepared.folder, writeUrl: relay.url },
    ...{
      testid: prepared.testid,
      segment: { index: 0, of: 1 },
      plan: prepared.plan,
      isUserScript: prepared.isUserScript,
      target: stack.target,
    },
    environment: { ...host.environment, ...prepared.scenarioEnvironment },
  });
  course.k6 = child;
  if (course.interrupted) child.signal("SIGINT");
  record.k6 = begun;
  record.phase = "loading";
  writeRecord(prepared.folder, record);
  const live = startLiveLine(prepared, host, () => ({
    ...progressAt(relay.sent(), relay.lastLatency(), begun.startedAtSeconds),
    writtenAtSeconds: writtenAt(relay.sent()),
  }));
  const watch = watchStack(stack, record, host);
  const driven = await ended;
  live.stop();
  watch.stop();
  record.interrupted = course.interrupted;
  record.k6 = driven.k6;
  record.health = driven.health;
  record.caveats.push(...driven.caveats);
  record.phase = "loaded";
  writeRecord(prepared.folder, record);
}

/** Notes when a part of the local stack ends in the middle of the load; the load goes on, because what it meets then is the truth. */
function watchStack(stack: Stack, record: RunRecord, host: Host): { stop: () => void } {
  let over = false;
  for (const child of stack.children) {
    void child.exited.then((exit) => {
      if (over) return;
      const after = host.now() - (record.k6?.startedAtSeconds ?? host.now());
      const sentence = `${child.name} ended ${after.toFixed(1)} s after k6 began (${exit.signal ?? exit.error ?? `exit code ${exit.code}`})`;
      record.notes.push(sentence);
      host.say(sentence);
    });
  }
  return { stop: () => void (over = true) };
}
