import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeLive } from "../../../build/testing/live.ts";
import type { PrometheusApi } from "../../collect/prometheus.ts";
import { openProcessGroup } from "../../host/process-group.ts";
import { startPrometheus } from "../../run/local-services.ts";
import { atMostByChance, tryWorlds, type Tally } from "./worlds.ts";

describeLive("300 worlds whose truth is known, in a real Prometheus", ["prometheus"], ({ prometheus: binary }) => {
  const group = openProcessGroup();
  let tally: Tally;

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), "plimsoll-worlds-"));
    const options = {
      binary,
      folder,
      logFile: join(folder, "log"),
      job: "none",
      targetUrl: undefined,
      outOfOrder: "30d",
    };
    const started = await startPrometheus(group, options);
    if (started.kind === "failed") throw new Error(started.message);
    const api: PrometheusApi = { url: started.url, headers: {}, timeoutSeconds: 60, fetch };
    tally = await tryWorlds(api, { seed: 20261126, from: 0, to: 300, nowSeconds: Date.now() / 1000, say: () => undefined });
  }, 600_000);
  afterAll(() => group.stopAll());

  test("no verdict and no count is untrue in any of them", () => expect(tally.lies).toEqual([]));

  test("what is easy is decided", () => {
    expect(tally.easy).toBeGreaterThan(30);
    expect(tally.undecided.length, tally.undecided.join("\n")).toBeLessThanOrEqual(0.1 * tally.easy);
  });

  test("a service exactly as bad as its budget is decided no more often than the confidence allows", () => {
    const found = (kind: string): number => tally.boundary.filter((verdict) => verdict === kind).length;
    expect(tally.boundary.length).toBeGreaterThan(20);
    expect(found("met")).toBeLessThanOrEqual(atMostByChance(tally.boundary.length));
    expect(found("exceeded")).toBeLessThanOrEqual(atMostByChance(tally.boundary.length));
  });
});
