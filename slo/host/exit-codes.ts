import exits from "./exit-codes.json" with { type: "json" };

const own = Object.values(exits.own);
const codes = Object.entries(exits.own).map(([name, { code }]) => [name, code] as const);
export const exitCodes = Object.fromEntries(codes) as Record<keyof typeof exits.own, number>;

export const exitCodeHelp = ["Exit codes:", ...own.map(({ code, means }) => `  ${String(code).padEnd(5)}${means}`)].join("\n");

/** Says what an exit code of the command means; nothing of one that it never gives. */
export const exitMeaning = (exitCode: number): string | undefined => own.find(({ code }) => code === exitCode)?.means;

/** Names the exit codes of k6 that mean something of their own here. */
export const k6ExitCodes = { scriptException: 107, scriptAborted: 108, panic: 109 } as const;

const k6Meanings: Readonly<Record<string, string>> = exits.k6;
export const k6ExitMeaning = (code: number): string => k6Meanings[code] ?? `exit code ${code}`;
