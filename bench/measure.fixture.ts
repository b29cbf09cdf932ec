import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openProcessGroup } from "../slo/host/process-group.ts";
import { isReached, rowText, type Bench, type Row } from "./figure.fixture.ts";

/** Measures a figure in an empty folder, with a process group that ends with it, and prints its rows, all of which must reach their goals. */
export function measure(what: string, rowsOf: (bench: Bench) => Promise<Row[]>): void {
  test(what, async () => {
    const folder = mkdtempSync(join(tmpdir(), "plimsoll-bench-"));
    const group = openProcessGroup();
    onTestFinished(async () => {
      await group.stopAll();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    });
    const say = (line: string): void => void process.stderr.write(`  ${line}\n`);
    const rows = await rowsOf({ quick: process.env["QUICK"] !== undefined, folder, group, say });
    process.stdout.write(`${rows.map((row) => `${rowText(row)}\n`).join("")}`);
    expect(rows.filter((row) => isReached(row) === false).map(rowText)).toEqual([]);
  });
}
