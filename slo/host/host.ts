import type { Settings } from "./settings.ts";

/** The process's side of a command: where words go, and what surrounds it. */
export interface Host {
  /** Narration, to stderr. */
  say: (line: string) => void;
  /** The one live line, redrawn on a terminal and printed now and then elsewhere; undefined clears it. */
  live: (line: string | undefined) => void;
  /** The result, to stdout. */
  out: (text: string) => void;
  /** Unix seconds. */
  now: () => number;
  commandAtSeconds: number;
  /** What was typed, its secrets hidden. */
  command: string;
  /** The user's folder: `.plimsoll/` is made here. */
  folder: string;
  /** The project's own folder. */
  project: string;
  cache: string;
  environment: NodeJS.ProcessEnv;
  settings: Settings;
  width: number;
  /** Calls back at each Ctrl-C, hang-up or termination, with how many there have been. */
  onInterrupt: (callback: (times: number) => void) => void;
}
