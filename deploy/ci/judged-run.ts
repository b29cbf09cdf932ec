/** States how many events were counted, and how many of them were bad. */
export interface Counted {
  total: number;
  bad: number;
}

/** Is what an annotation needs of one objective in `report.json`. Ratios are 0–1. */
export interface JudgedObjective {
  name: string;
  description: string;
  targetRatio: number;
  place: { file: string; line: number; column: number };
  verdict: "met" | "exceeded" | "inconclusive";
  reason: string | undefined;
  evidence: { best: Counted; worst: Counted; budgetSpent: number; requestsNeeded: number } | undefined;
}

/** Is what an annotation needs of `report.json`. */
export interface JudgedRun {
  testid: string;
  service: string;
  scenario: string;
  verdict: string;
  exitCode: number;
  /** Why the run is not met, those of the objectives included. */
  reasons: string[];
  objectives: JudgedObjective[];
}

type Read = { kind: "run"; run: JudgedRun } | { kind: "problem"; message: string };

/** Reads the text of a `report.json`; one that is not whole is a problem and never a run. */
export function readJudgedRun(text: string): Read {
  try {
    const parsed: unknown = JSON.parse(text);
    const report = new Part(parsed, "report");
    if (report.number("version") !== 1) return { kind: "problem", message: "the report has a version that is not known here" };
    return { kind: "run", run: runOf(report) };
  } catch (error) {
    return { kind: "problem", message: `the report cannot be read: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function runOf(report: Part): JudgedRun {
  return {
    testid: report.string("testid"),
    service: report.string("service"),
    scenario: report.string("scenario"),
    verdict: report.string("verdict"),
    exitCode: report.number("exitCode"),
    reasons: report.list("reasons").map((reason, at) => textOf(reason, `reasons[${at}]`)),
    objectives: report.list("objectives").map((objective, at) => objectiveOf(new Part(objective, `objectives[${at}]`))),
  };
}

function objectiveOf(objective: Part): JudgedObjective {
  const verdict = objective.string("verdict");
  if (verdict !== "met" && verdict !== "exceeded" && verdict !== "inconclusive") throw new Error(`no verdict is called ${verdict}`);
  const place = objective.part("place");
  const evidence = objective.has("evidence") ? objective.part("evidence") : undefined;
  return {
    name: objective.string("name"),
    description: objective.string("description"),
    targetRatio: objective.number("targetRatio"),
    place: { file: place.string("file"), line: place.number("line"), column: place.number("column") },
    verdict,
    reason: objective.has("reason") ? objective.string("reason") : undefined,
    evidence: evidence && {
      best: countedOf(evidence.part("best")),
      worst: countedOf(evidence.part("worst")),
      budgetSpent: evidence.number("budgetSpent"),
      requestsNeeded: evidence.number("requestsNeeded"),
    },
  };
}

function countedOf(part: Part): Counted {
  return { total: part.number("total"), bad: part.number("bad") };
}

function textOf(value: unknown, path: string): string {
  if (typeof value !== "string") throw new Error(`${path} is not a text`);
  return value;
}

/** Is an object from outside whose fields are checked as they are read; `readJudgedRun` turns what it throws into a problem. */
class Part {
  readonly #fields: Record<string, unknown>;
  readonly #path: string;

  constructor(value: unknown, path: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(`${path} is not an object`);
    this.#fields = value as Record<string, unknown>;
    this.#path = path;
  }

  has(name: string): boolean {
    return this.#fields[name] !== undefined;
  }

  string(name: string): string {
    return textOf(this.#fields[name], `${this.#path}.${name}`);
  }

  number(name: string): number {
    const value = this.#fields[name];
    if (typeof value !== "number") throw new Error(`${this.#path}.${name} is not a number`);
    return value;
  }

  list(name: string): unknown[] {
    const value = this.#fields[name];
    if (!Array.isArray(value)) throw new Error(`${this.#path}.${name} is not a list`);
    return value;
  }

  part(name: string): Part {
    return new Part(this.#fields[name], `${this.#path}.${name}`);
  }
}
