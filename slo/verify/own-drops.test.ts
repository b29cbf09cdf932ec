import { expect, test } from "vitest";
import { fakeApi, type FakeSeries } from "../collect/fake-api.fixture.ts";
import type { LoadRun } from "../load/load-run.ts";
import { readPlan } from "../run/plan.ts";
import { sentOf } from "../run/relay/sent-totals.ts";
import { ownDrops } from "./own-drops.ts";

/** A load of 60 iterations a second for 10 s, of which 30 were dropped at its third second. */
function dropped(
  { atOnce, ...vus }: { preAllocatedVUs: number; maxVUs: number; executor?: string; iterations?: number; atOnce?: boolean },
  answers: (query: string, atSeconds: number) => number | undefined,
  madeAll = 0,
  droppedAt = 3,
) {
  const shop = { executor: "constant-arrival-rate", rate: 60, duration: "10s", ...vus };
  const plan = readPlan(JSON.stringify({ scenarios: { shop }, maxVUs: vus.maxVUs, atOnce }));
  const api = fakeApi((query): FakeSeries[] => {
    if (query.includes("k6_vus_max")) return [{ valueAt: (at) => (at < madeAll ? vus.preAllocatedVUs : vus.maxVUs) }];
    return [{ labels: { scenario: "shop" }, valueAt: (at) => answers(query, at) }];
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

/** What k6 says of 570 quick iterations before the first drop, and of 20 after it that wait for a second each. */
const waitsLate = (query: string, atSeconds: number): number => {
  const late = atSeconds > 3 ? 20 : 0;
  if (query.includes("histogram_count(")) return 570 + late;
  return query.includes("k6_iteration_duration_seconds") ? late : 0;
};
/** What k6 says of 57 iterations that ask for ten things at once, 150 ms each, and then wait for 1.2 s. */
const batched = (query: string) => {
  const isOfIterations = query.includes("k6_iteration_duration_seconds");
  if (query.includes("histogram_count(")) return isOfIterations ? 57 : 570;
  return isOfIterations ? 57 * 1.5 : query.includes("k6_http_req_duration_seconds") ? 570 * 0.15 : undefined;
};
const noneEnded = (answered: number) => (query: string) =>
  query.includes("histogram_count(") && query.includes("k6_http_req_duration_seconds") ? answered : 0;

const ten = { preAllocatedVUs: 10, maxVUs: 10 };
const shared = { ...ten, executor: "shared-iterations", iterations: 600 };
const more = { preAllocatedVUs: 1, maxVUs: 10 };
test.each<[string, Promise<number>, number]>([
  ["a service that takes 1 s leaves 10 VUs no time for 60 iterations a second", dropped(ten, took(1, 0.999)), 0],
  ["a script that sleeps for 1 s needs 60 VUs for a service that answers at once", dropped(ten, took(1, 0.001)), 30],
  ["100 VUs are enough for such a script, and the service is too slow", dropped({ preAllocatedVUs: 100, maxVUs: 100 }, took(2, 1)), 0],
  ["requests at once take no longer than one of them, and the script waits", dropped({ ...ten, atOnce: true }, batched), 30],
  ["one after the other they take all of its time", dropped(ten, batched), 0],
  ["a script that waits only later needs them then", dropped(ten, waitsLate), 30],
  ["a script that goes on waiting when it was answered is not the service's", dropped(ten, noneEnded(10)), 30],
  ["a service that never answers is", dropped(ten, noneEnded(0)), 0],
  ["a closed model drops what a script has no time for", dropped(shared, took(0.1, 0.1)), 30],
  ["k6 that had VUs left to make made them, and dropped meanwhile", dropped(more, took(0.05, 0.05), Infinity), 30],
  ["so it did until it had made them all", dropped(more, took(0.05, 0.05), 2), 30],
  ["and where it had made them before anybody looked", dropped(more, took(0.05, 0.05), 0, 1), 30],
  ["what it dropped long after that is the service's", dropped(more, took(1, 1), 0.5), 0],
  ["of a k6 that tells nothing of its iterations all are the service's", dropped(ten, () => undefined), 0],
])("%s", async (_, drops, expected) => expect(await drops).toBe(expected));
