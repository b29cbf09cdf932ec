/** Names every exit code of the command. */
export const exitCodes = { met: 0, exceeded: 1, badUsage: 2, inconclusive: 3, notCarriedOut: 4, interrupted: 130 } as const;

const sentences: Record<keyof typeof exitCodes, string> = {
  met: "every objective met",
  exceeded: "an error budget exceeded",
  badUsage: "bad usage or bad spec; nothing was started",
  inconclusive: "inconclusive: no proof either way, and the reason",
  notCarriedOut: "the run could not be carried out (tool missing, target unreachable, k6 crashed)",
  interrupted: "interrupted; children stopped, what was measured kept",
};

/** Explains the exit codes, for `--help`. */
export const exitCodeHelp = [
  "Exit codes:",
  ...typedKeys(exitCodes).map((name) => `  ${String(exitCodes[name]).padEnd(5)}${sentences[name]}`),
].join("\n");

/** Says what an exit code of the command means; nothing of one that it never gives. */
export function exitMeaning(code: number): string | undefined {
  const name = typedKeys(exitCodes).find((key) => exitCodes[key] === code);
  return name && sentences[name];
}

/** Names every exit code of k6 but 0 (k6 2.2.0, errext/exitcodes/codes.go). */
export const k6ExitCodes = {
  cloudTestFailed: 97,
  cloudProgressLost: 98,
  thresholdsFailed: 99,
  setupTimeout: 100,
  teardownTimeout: 101,
  timeout: 102,
  stoppedByRestApi: 103,
  invalidConfig: 104,
  stoppedBySignal: 105,
  restApiNotStarted: 106,
  scriptException: 107,
  scriptAborted: 108,
  panic: 109,
  markedAsFailed: 110,
} as const;

const k6Sentences: Record<keyof typeof k6ExitCodes, string> = {
  cloudTestFailed: "the test in the cloud failed",
  cloudProgressLost: "the cloud did not say how far the test was",
  thresholdsFailed: "thresholds failed",
  setupTimeout: "setup() took too long",
  teardownTimeout: "teardown() took too long",
  timeout: "a time-out",
  stoppedByRestApi: "stopped through the REST API",
  invalidConfig: "invalid configuration",
  stoppedBySignal: "stopped by a signal",
  restApiNotStarted: "its REST API could not start",
  scriptException: "the script threw an error",
  scriptAborted: "the script aborted the test (exec.test.abort)",
  panic: "k6 crashed",
  markedAsFailed: "the script marked the test as failed",
};

/** Says what an exit code of k6 means. */
export function k6ExitMeaning(code: number): string {
  const name = typedKeys(k6ExitCodes).find((key) => k6ExitCodes[key] === code);
  return name === undefined ? `exit code ${code}` : k6Sentences[name];
}

function typedKeys<T extends object>(of: T): (keyof T)[] {
  return Object.keys(of) as (keyof T)[];
}
