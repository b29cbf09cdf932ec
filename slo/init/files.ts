import { readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { Document, isNode } from "yaml";
import type { Counting } from "./counting.ts";
import type { FirstRequest } from "./requests.ts";

export type FirstFile = [path: string, text: string];

const withoutEmpty = (key: unknown, value: unknown): unknown =>
  ["where", "params", "query"].includes(String(key)) && Object.keys(value as object).length === 0 ? undefined : value;

/** Gives a text of `first/` with its gaps, such as $name, filled. */
function filled(name: string, gaps: Readonly<Record<string, string>>): string {
  const text = readFileSync(new URL(`./first/${name}.txt`, import.meta.url), "utf8");
  return text.replace(/\$(\w+)/g, (_, gap: string) => gaps[gap] ?? "");
}

export function configText(script: string, spec: string, target: string): string {
  return filled("config", { script: JSON.stringify(script), spec: JSON.stringify(spec), target: JSON.stringify(target) });
}

const onOneLine = (text: string): string => text.replaceAll(/[\r\n\u2028\u2029]/g, " ");

/** Writes a request that writes as a comment that can be taken in; its status, parameters and body are guessed. */
function commentOf(operation: string): string {
  const params = Object.fromEntries([...operation.matchAll(/\{([^}]+)\}/g)].map(([, name = ""]) => [name, "1"]));
  const given = JSON.stringify(operation.startsWith("DELETE") ? { params } : { params, body: {} }, withoutEmpty);
  return onOneLine(`  // { call: call(${JSON.stringify(operation)}, { ...right, expect: [201] }), given: ${given} },`);
}

/** Writes a scenario that sends the requests in turn, at a steady rate that proves the first objectives in a minute; those that write stand in it as comments. */
export function scenarioText(name: string, requests: readonly FirstRequest[], writing: readonly string[] = []): string {
  const rows = requests.map(({ route, params, query, guessed }) => {
    const note = guessed.length === 0 ? "" : ` // TODO: ${onOneLine(guessed.join(", "))} was guessed`;
    const given = JSON.stringify({ params, query }, withoutEmpty);
    return `  { call: call(${JSON.stringify(`GET ${route}`)}, right), given: ${given} },${note}`;
  });
  if (writing.length > 0)
    rows.push(
      "  // Left out, for they write: take in those that may be repeated thousands of times, with their own status, parameters and body.",
    );
  rows.push(...writing.map(commentOf));
  const statuses = [...new Set(requests.map(({ status = 200 }) => status))].join(", ");
  return filled("scenario", { name: JSON.stringify(name), statuses, rows: rows.join("\n") });
}

/** Chooses the latency of the first objectives: what is asked, or the nearest bucket above it that the service has. */
function latencyOf({ bucketsSeconds }: Counting, askedSeconds: number): string {
  const seconds = bucketsSeconds.find((bound) => bound >= askedSeconds) ?? bucketsSeconds.at(-1) ?? askedSeconds;
  return seconds >= 1 ? `${seconds}s` : `${Number((seconds * 1000).toPrecision(6))}ms`;
}

type FirstObjective = { name: string; target: string; indicator: Record<string, { side: string; atMost?: string }> };

/** Makes the first objectives: of the client, and of the service where it is known how it counts. */
export function firstObjectives(counting: Counting, askedSeconds = 0.5): FirstObjective[] {
  const atMost = latencyOf(counting, askedSeconds);
  const nameOn = (side: string, name: string): string => (side === "client" ? name : `${name}, ${side}`);
  const errors = (side: string) => ({ name: nameOn(side, "availability"), target: "99.5%", indicator: { errors: { side } } });
  const latency = (side: string) => ({ name: nameOn(side, "latency"), target: "99%", indicator: { latency: { side, atMost } } });
  return [
    ...["client", ...(counting.metrics === undefined ? [] : ["server"])].map(errors),
    ...["client", ...(counting.bucketsSeconds.length > 0 ? ["server"] : [])].map(latency),
  ];
}

/** Writes a spec; notes stand before their objectives as comments, and `remarks` at its end. */
export function specText(
  service: string,
  metrics: Counting["metrics"],
  objectives: readonly object[],
  remarks: readonly string[],
  notes: ReadonlyMap<object, string> = new Map(),
  schema = "schema.json",
): string {
  const comment = (text: string): string => ` ${onOneLine(text)}`;
  const document = new Document({ version: 1, service, metrics, objectives }, withoutEmpty);
  for (const [i, objective] of objectives.entries()) {
    const [node, note] = [document.getIn(["objectives", i]), notes.get(objective)];
    if (isNode(node) && note !== undefined) node.commentBefore = comment(note);
  }
  const text = document.toString({ lineWidth: 0 });
  const comments = remarks.map((remark) => `#${comment(remark)}\n`).join("");
  return `# yaml-language-server: $schema=${schema}\n${text}${comments}`;
}

/** Finds the way from a spec to its schema, in the package that is installed in a folder. */
export const schemaFrom = (spec: string, folder: string): string =>
  relative(dirname(spec), join(folder, "node_modules/plimsoll/dist/package/slo/spec/schema.json")).split(sep).join("/");

/** Where each CI's job stands; its text is in `ci/`. */
export const ciJobs = { github: ".github/workflows/slo.yml", gitlab: ".gitlab/slo.yml" };
