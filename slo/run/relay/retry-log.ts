/** The same is not said again within this. */
const quietMillis = 30_000;

/** Tells a person how the destination does, without a line for each push; `now` gives milliseconds of any clock that only goes forward. */
export function openRetryLog(say: (line: string) => void, now: () => number) {
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
    /** The destination does not take samples; `kind` tells one sort of trouble from another. */
    trouble(kind: string, reason: string): void {
      if (current === kind) return;
      current = kind;
      announced = sayOnce(kind, `Prometheus does not take samples: ${reason}; they are kept and sent again`) || announced;
    },
    refusedForGood: (kind: string, reason: string): boolean =>
      sayOnce(`for good ${kind}`, `Prometheus refuses samples for good: ${reason}`),
    fine(): void {
      if (announced) say("Prometheus takes samples again");
      [announced, current] = [false, undefined];
    },
  };
}
