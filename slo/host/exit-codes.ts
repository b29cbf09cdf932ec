export const exitCodes = { met: 0, exceeded: 1, badUsage: 2, inconclusive: 3, notCarriedOut: 4, interrupted: 130 } as const;

const sentences: Record<keyof typeof exitCodes, string> = {
  met: "every objective met",
  exceeded: "an error budget exceeded",
  badUsage: "bad usage or bad spec; nothing was loaded",
  inconclusive: "inconclusive: no proof either way, and the reason",
  notCarriedOut: "the run could not be carried out (tool missing, target unreachable, k6 crashed)",
  interrupted: "interrupted; children stopped, what was measured kept",
};

const exits = (Object.keys(exitCodes) as (keyof typeof exitCodes)[]).map((name) => ({ code: exitCodes[name], sentence: sentences[name] }));

export const exitCodeHelp = ["Exit codes:", ...exits.map(({ code, sentence }) => `  ${String(code).padEnd(5)}${sentence}`)].join("\n");

/** Says what an exit code of the command means; nothing of one that it never gives. */
export const exitMeaning = (exitCode: number): string | undefined => exits.find(({ code }) => code === exitCode)?.sentence;

/** Names the exit codes of k6 that mean something of their own here. */
export const k6ExitCodes = { scriptException: 107, scriptAborted: 108, panic: 109 } as const;

/** Every exit code of k6 but 0 (k6 2.2.0, errext/exitcodes/codes.go). */
const k6Sentences = new Map([
  [97, "the test in the cloud failed"],
  [98, "the cloud did not say how far the test was"],
  [99, "thresholds failed"],
  [100, "setup() took too long"],
  [101, "teardown() took too long"],
  [102, "a time-out"],
  [103, "stopped through the REST API"],
  [104, "invalid configuration"],
  [105, "stopped by a signal"],
  [106, "its REST API could not start"],
  [k6ExitCodes.scriptException, "the script threw an error"],
  [k6ExitCodes.scriptAborted, "the script aborted the test (exec.test.abort)"],
  [k6ExitCodes.panic, "k6 crashed"],
  [110, "the script marked the test as failed"],
]);

export const k6ExitMeaning = (code: number): string => k6Sentences.get(code) ?? `exit code ${code}`;
