import { expect, test } from "vitest";
import { fakeApi, type FakeSeries } from "../collect/fake-api.fixture.ts";
import type { LoadRun } from "../load/load-run.ts";
import { readPlan } from "../run/plan.ts";
import { sentOf } from "../run/relay/sent-totals.ts";
import { ownDrops } from "./own-drops.ts";

/** A load of 60 iterations a second for 10 s, of which 30 were dropped at its third second. */
function dropped(
  vus: { preAllocatedVUs: number; maxVUs: number },
  answers: (query: string) => number | undefined,
  madeAll = 0,
  droppedAt = 3,
) {
  const shop = { executor: "constant-arrival-rate", rate: 60, duration: "10s", ...vus };
  const plan = readPlan(JSON.stringify({ scenarios: { shop }, maxVUs: vus.maxVUs }));
  const api = fakeApi((query): FakeSeries[] => {
    if (query.includes("k6_vus_max")) return [{ valueAt: (at) => (at < madeAll ? vus.preAllocatedVUs : vus.maxVUs) }];
    const value = answers(query);
    return value === undefined ? [] : [{ labels: { scenario: "shop" }, valueAt: () => value }];
  });
  const drops = { labels: { scenario: "shop" }, value: 30, atSeconds: droppedAt };
  const load = { record: { testid: "T" }, plan, sent: sentOf([{ k6_dropped_iterations_total: [drops] }]) } as unknown as LoadRun;
  const span = { fromSeconds: 0, toSeconds: 11, stepSeconds: 1 };
  return ownDrops(
    api,
    load,
    span,
    [droppedAt, 11].map((atSeconds) => ({ atSeconds, value: 30 })),
  );
}

/** What k6 says of 570 iterations, each of so many seconds, in which it waited so long for answers. */
const took = (iteration: number, answer: number) => (query: string) => {
  if (query.includes("histogram_count(")) return 570;
  if (query.includes("k6_iteration_duration_seconds")) return 570 * iteration;
  return query.includes("k6_http_req_duration_seconds") ? 570 * answer : undefined;
};

const ten = { preAllocatedVUs: 10, maxVUs: 10 };
const more = { preAllocatedVUs: 1, maxVUs: 10 };
test.each<[string, Promise<number>, number]>([
  ["a service that takes 1 s leaves 10 VUs no time for 60 iterations a second", dropped(ten, took(1, 0.999)), 0],
  ["a script that sleeps for 1 s needs 60 VUs for a service that answers at once", dropped(ten, took(1, 0.001)), 30],
  ["100 VUs are enough for such a script, and the service is too slow", dropped({ preAllocatedVUs: 100, maxVUs: 100 }, took(2, 1)), 0],
  ["k6 that had VUs left to make made them, and dropped meanwhile", dropped(more, took(0.05, 0.05), Infinity), 30],
  ["so it did until it had made them all", dropped(more, took(0.05, 0.05), 2), 30],
  ["and where it had made them before anybody looked", dropped(more, took(0.05, 0.05), 0, 1), 30],
  ["what it dropped long after that is the service's", dropped(more, took(1, 1), 0.5), 0],
  ["of a k6 that tells nothing of its iterations all are the service's", dropped(ten, () => undefined), 0],
])("%s", async (_, drops, expected) => expect(await drops).toBe(expected));
