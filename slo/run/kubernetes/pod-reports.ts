import { openMessageReader, type PodReport } from "./message.ts";
import type { PodState } from "./pods.ts";

/** How long a pod may be gone from the list before it counts as deleted. */
const goneSeconds = 3;
/** How often the log of a pod that ended is asked for in vain before it is given up. */
const mostTries = 6;

/** What is known of each pod of a run. */
export type PodReports = ReturnType<typeof openPodReports>;

interface Entry {
  report: PodReport;
  read: ReturnType<typeof openMessageReader>;
  /** How often its log was asked for after its end. */
  tries: number;
  missingSince: number | undefined;
}

/** Opens reports of the pods of a run, still empty: of what they say, and of how they stand. */
export function openPodReports(pods: number, say: (line: string) => void) {
  const entries: Entry[] = Array.from({ length: pods }, (_, index) => ({
    report: { index, name: null, refused: null, begunSeconds: null, sent: null, end: null, ending: null },
    read: openMessageReader(),
    tries: 0,
    missingSince: undefined,
  }));
  return {
    /** Takes a line of a pod's log. */
    takeLine(name: string, line: string): void {
      const entry = entries.find(({ report }) => report.name === name);
      if (entry) takeLine(entry, line, say);
    },
    /** Takes how the pods stand. */
    takeStates(states: readonly PodState[], nowMillis: number): void {
      for (const entry of entries) {
        const { report } = entry;
        const state = states.find(({ index }) => index === report.index);
        report.name ??= state?.name ?? null;
        entry.missingSince = state ? undefined : (entry.missingSince ?? nowMillis);
        const gone = entry.missingSince !== undefined && nowMillis - entry.missingSince >= goneSeconds * 1000;
        report.ending ??= state?.ending ?? (gone ? { exitCode: null, reason: "the pod was deleted" } : null);
      }
    },
    /** Names pods that ended and did not say how; each until its log was read, or asked for in vain too often. */
    silent(): string[] {
      const silent = entries.filter((entry) => entry.report.ending && !isFinished(entry));
      for (const entry of silent) [entry.tries, entry.read] = [entry.tries + 1, openMessageReader()];
      return silent.flatMap(({ report }) => report.name ?? []);
    },
    /** Notes that a pod's whole log was read: there is no more to come. */
    close(name: string): void {
      for (const entry of entries) if (entry.report.name === name) entry.tries = mostTries;
    },
    /** True when there is nothing more to come of any pod. */
    isComplete: (): boolean => entries.every(isFinished),
    reports: (): PodReport[] => entries.map(({ report }) => ({ ...report })),
  };
}

const isFinished = ({ report, tries }: Entry): boolean => report.end !== null || report.refused !== null || tries >= mostTries;

function takeLine(entry: Entry, line: string, say: (line: string) => void): void {
  const { report } = entry;
  const message = entry.read(line);
  // A log that is followed anew begins with what was read before.
  if (report.end) return;
  if (message?.kind === "other" && line.trim() !== "" && entry.tries === 0) say(`pod ${report.index + 1}: ${line}`);
  if (message?.kind === "refused") report.refused = message.message;
  if (message?.kind === "progress") [report.begunSeconds, report.sent] = [message.begunSeconds, message.sent];
  if (message?.kind === "ended") [report.end, report.sent] = [message, message.sent];
}
