import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { Host } from "../host/host.ts";
import { checkSpecs } from "./check-specs.ts";

const checks = (name: string): string =>
  `version: 1\nservice: shop\nobjectives:\n  - { name: o, target: 99%, indicator: { checks: { name: ${name} } } }\n`;

/** Checks a spec as `plimsoll check` does, and gives the exit code with all that is said. */
async function checked(spec: string, load: { script?: string; prometheus?: string }) {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-check-"));
  for (const [name, text] of Object.entries({ "slo.yaml": spec, "t.js": "" })) writeFileSync(join(folder, name), text);
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const project = fileURLToPath(new URL("../../", import.meta.url));
  const host = { folder, project, say, out: say, now: () => Date.now() / 1000, settings: { credentials: {} } } as unknown as Host;
  const code = await checkSpecs(["slo.yaml"], { serverLabels: undefined, settleLimitSeconds: 0, ...load }, host);
  return { code, said: said.join("\n") };
}

test("an objective about a check is none of a storage API's scenario, and can be one of a user script", async () => {
  expect(await checked(checks("a"), { script: "t.js" })).toEqual({ code: 0, said: "slo.yaml: 1 objective of shop, reads well" });
});

test("check --against an address where nothing answers says so, where and what to do", async () => {
  const { code, said } = await checked(checks("a"), { prometheus: "http://127.0.0.1:18099" });
  expect(code).toBe(4);
  expect(said).toMatch(
    /Prometheus at http:\/\/127\.0\.0\.1:18099 .*ECONNREFUSED.*Start that Prometheus, or give another address with --against$/,
  );
});
