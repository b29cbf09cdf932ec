import { expect, test } from "vitest";
import type { Plan } from "../run/plan.ts";
import { offeredLine } from "./compose-report.ts";
import type { RunTimes } from "./run-times.ts";

const stage = (fromSeconds: number, toSeconds: number, rate: number) => ({ fromSeconds, toSeconds, fromRate: rate, toRate: rate });
const scenario = { judged: true, startSeconds: 10, endSeconds: 14, offered: [stage(10, 14, 150)] };
const planOf = (openModel: boolean) => ({ openModel, scenarios: [scenario] }) as unknown as Plan;
const times = { judgedFrom: 1010 } as RunTimes;

test.each<[string, boolean, (number | null)[]]>([
  ["begins with the judged load: before it the line is absent, not at 0", true, [null, 150, 150, 0]],
  ["is nothing that a closed model has", false, [null, null, null, null]],
])("what is offered %s", (_, openModel, expected) => {
  expect(offeredLine(planOf(openModel), times, [1009, 1010, 1013, 1014])).toEqual(expected);
});
