import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeLive } from "../build/testing/live.ts";
import { openProcessGroup } from "../slo/host/process-group.ts";
import { loadFromPods } from "./pods.fixture.ts";

describeLive("a load from twelve pods", ["k6", "prometheus"], () => {
  test("counts every request and every error once, on all sides, and proves what failed", async () => {
    const group = openProcessGroup();
    const folder = mkdtempSync(join(tmpdir(), "plimsoll-pods-"));
    const said: string[] = [];
    const bench = { quick: true, folder, group, say: (line: string) => void said.push(line) };
    const everyThird = JSON.stringify([{ kind: "error", method: "GET", route: "/api/buckets/:id", every: 3 }]);
    try {
      const { report, counts } = await loadFromPods(bench, 12, everyThird);
      const [requests = 0, ...otherRequests] = counts.requests;
      const [errors = 0, ...otherErrors] = counts.errors;
      expect(requests, said.join("\n")).toBeGreaterThan(12 * 10);
      expect(otherRequests).toEqual(otherRequests.map(() => requests));
      expect(errors).toBeGreaterThan(10);
      expect(otherErrors).toEqual(otherErrors.map(() => errors));
      expect([report.verdict, report.reconciliation.lostBetween, report.reconciliation.agrees]).toEqual(["exceeded", 0, true]);
    } finally {
      await group.stopAll();
    }
  });
});
