/** Tells a person how the destination does, without a line for each push. */
export interface RetryLog {
  /** The destination does not take samples; `kind` tells one sort of trouble from another. */
  trouble(kind: string, reason: string): void;
  refusedForGood(kind: string, reason: string): void;
  fine(): void;
}

/** The same is not said again within this. */
const quietMillis = 30_000;

/** Opens a retryLog; `now` gives milliseconds of any clock that only goes forward. */
export function openRetryLog(say: (line: string) => void, now: () => number): RetryLog {
  const said = new Map<string, number>();
  let current: string | undefined;
  let announced = false;
  const sayOnce = (key: string, line: string): boolean => {
    const before = said.get(key);
    if (before !== undefined && now() - before < quietMillis) return false;
    said.set(key, now());
    say(line);
    return true;
  };
  return {
    trouble(kind, reason) {
      if (current === kind) return;
      current = kind;
      announced = sayOnce(kind, `Prometheus does not take samples: ${reason}; they are kept and sent again`) || announced;
    },
    refusedForGood: (kind, reason) => void sayOnce(`for good ${kind}`, `Prometheus refuses samples for good: ${reason}`),
    fine() {
      if (announced) say("Prometheus takes samples again");
      announced = false;
      current = undefined;
    },
  };
}
