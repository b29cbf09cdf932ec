import { shortName } from "./headline.ts";
import { duration, targetPercent } from "./numbers.ts";
import type { Report } from "./schema.ts";

/** Says how long each objective about the recovery went on being missed. */
export function recoveries(report: Report): string[] {
  return report.objectives.flatMap(({ name, recoverySeconds: seconds, targetRatio }) => {
    if (seconds === undefined) return [];
    const missed = `missed ${targetPercent(targetRatio)}`;
    if (seconds === null) return [`${shortName(name)}: it ${missed} to the end of the phase, or its seconds are not known`];
    return [
      `${shortName(name)}: ${seconds === 0 ? `no second ${missed}` : `the last second that ${missed} ended ${duration(seconds)} after the phase began`}`,
    ];
  });
}
