import { expect, test } from "vitest";
import { loadSpec } from "../../../slo/spec/load.ts";
import { keptMetrics, mappings, type LibraryName } from "./services.fixture.ts";

interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** Reads what a service exposes, line by line. */
function samplesOf(text: string): Sample[] {
  return text.split("\n").flatMap((line) => {
    const [, name = "", written = "", value = ""] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    const labels = Object.fromEntries([...written.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, of]) => [label, of]));
    return name === "" ? [] : [{ name, labels, value: Number(value) }];
  });
}

function metricsOf(name: LibraryName) {
  const { metrics } = mappings[name];
  const text = `version: 1\nservice: s\nmetrics: ${metrics}\nobjectives:\n  - { name: o, target: 99%, indicator: { errors: { side: server } } }\n`;
  const read = loadSpec(text, "s.yaml");
  if (read.kind === "problems") throw new Error(read.problems[0]?.message);
  return read.spec.metrics;
}

// Each was kept after seven GETs and three POSTs, of which two were answered with 500.
test.each(Object.keys(mappings) as LibraryName[])("what %s really exposes has the names, labels and units of its mapping", (name) => {
  const { requests, duration, labels } = metricsOf(name);
  const { method, route, status = "" } = labels;
  const samples = samplesOf(keptMetrics(name));
  const counted = samples.filter((one) => one.name === requests && (route === undefined || one.labels[route]?.includes("/items")));
  const sum = (some: readonly Sample[]): number => some.reduce((all, { value }) => all + value, 0);
  expect(sum(counted)).toBe(10);
  expect(sum(counted.filter((one) => one.labels[status]?.startsWith("5")))).toBe(2);
  expect(mappings[name].tellsRoute).toBe(route !== undefined);
  if (method) expect(sum(counted.filter((one) => one.labels[method]?.toUpperCase() === "GET"))).toBe(7);
  if (route) expect(sum(counted.filter((one) => one.labels[route] === mappings[name].route))).toBe(7);
  const bounds = samples
    .filter((one) => one.name === `${duration?.metric}_bucket`)
    .map((one) => Number(one.labels["le"]?.replace("Inf", "Infinity")));
  expect(bounds).toContain(mappings[name].atMostSeconds * (duration?.unitsPerSecond ?? 0));
  expect(bounds).toContain(Infinity);
});
