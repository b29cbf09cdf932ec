const units = { y: 31_536_000, w: 604_800, d: 86_400, h: 3600, m: 60, s: 1 } as const;
const tablePeriodSeconds = 30 * units.d;

/**
 * Holds the windows of the SRE workbook (chapter 5, table 5-8) for 30 days: at these burn rates the long window spends 2, 5 and 10 % of the budget.
 * The row of 1 d is Sloth's (internal/alert/windows/google-30d.yaml). A short window is a twelfth of its long one, and ends the alert soon after the burn.
 */
const table = [
  { severity: "page", factor: 14.4, longSeconds: units.h, shortSeconds: 5 * units.m },
  { severity: "page", factor: 6, longSeconds: 6 * units.h, shortSeconds: 30 * units.m },
  { severity: "ticket", factor: 3, longSeconds: units.d, shortSeconds: 2 * units.h },
  { severity: "ticket", factor: 1, longSeconds: 3 * units.d, shortSeconds: 6 * units.h },
] as const;

/** The windows for production, or short ones, in which a demonstration sees an alert within a minute. */
export type WindowSet = "standard" | "short";

/** The shortest window of each set: four scrapes at 15 s, or at the lab's 2 s some more; fewer make a rate a matter of chance, and an alert silent. */
const leastSeconds = { standard: 60, short: 15 } as const;

/**
 * Gives the windows for a period: those of 30 days, scaled by its length, so that each row still spends the same share of the budget at the same burn rate.
 * Those of a demonstration are the table's divided by 60, whatever the period. A sentence where a window would hold too few scrapes.
 */
export function burnWindows(periodSeconds: number, set: WindowSet) {
  const scale = set === "short" ? 1 / 60 : periodSeconds / tablePeriodSeconds;
  const least = tablePeriodSeconds * (leastSeconds.standard / (5 * units.m));
  if (set === "standard" && periodSeconds < least)
    return `must be ${windowText(least)} or longer for alerts: the windows of ${windowText(periodSeconds)} are too short to hold enough scrapes`;
  return table.map((row) => ({
    ...row,
    longSeconds: Math.round(row.longSeconds * scale),
    shortSeconds: Math.max(leastSeconds[set], Math.round(row.shortSeconds * scale)),
  }));
}
/** One row of the table of burn rates: an alert fires while the error budget burns faster than `factor` over both of its windows. */
export type BurnWindow = Exclude<ReturnType<typeof burnWindows>, string>[number];

/** Writes a length as Prometheus does (common/model/time.go): in years or weeks only where nothing is left over. */
export function windowText(seconds: number): string {
  let left = Math.round(seconds);
  const parts = Object.entries(units).map(([letter, unit]) => {
    if ((letter === "y" || letter === "w") && left % unit !== 0) return "";
    const count = Math.floor(left / unit);
    left -= count * unit;
    return count > 0 ? `${count}${letter}` : "";
  });
  return parts.join("");
}
