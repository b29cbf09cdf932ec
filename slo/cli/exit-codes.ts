/** Names every exit code; the sentences are in `--help`. */
export const exitCodes = { met: 0, exceeded: 1, badUsage: 2, inconclusive: 3, notCarriedOut: 4, interrupted: 130 } as const;

/** Explains the exit codes, for `--help`. */
export const exitCodeHelp = `Exit codes:
  0    every objective met
  1    an error budget exceeded
  2    bad usage or bad spec; nothing was started
  3    inconclusive: no proof either way, and the reason
  4    the run could not be carried out (tool missing, target unreachable, k6 crashed)
  130  interrupted; children stopped, what was measured kept`;
