import { expect, test } from "vitest";
import { reconciliationOf, type Sides } from "./reconcile.ts";

const totals = { requests: 100, iterations: 90, dropped: 0, errors: 2, slow: 0, wrongContents: 0 };
const k6 = {
  startedAtSeconds: 100,
  endedAtSeconds: 130,
  exitCode: 0,
  signal: null,
  iterations: 90,
  interrupted: 0,
  summaryRequests: 100,
  summaryBad: 0,
  checks: null,
  errors: [],
};
const whole: Sides = {
  record: { k6, script: null },
  sent: totals,
  sentIsWhole: true,
  stored: totals,
  served: { requests: 100, errors: 2, meanSeconds: 0.01 },
  clientMeanSeconds: 0.02,
};
const unread = { requests: null, errors: null, meanSeconds: null };

test.each<[string, Partial<Sides>, boolean | null, number | null, string]>([
  [
    "all sides that count the same agree",
    {},
    true,
    0,
    "every request that k6 sent was counted once by k6, by Prometheus and by the service",
  ],
  [
    "k6 is not said to have counted requests where its summary was off",
    { record: { k6: { ...k6, summaryRequests: null }, script: null } },
    true,
    0,
    "every request that k6 wrote was counted once by Prometheus and by the service",
  ],
  [
    "a lost pod leaves nothing to agree, and nothing that was lost or was others' traffic",
    {
      sentIsWhole: false,
      record: { k6: { ...k6, iterations: null, summaryRequests: null }, script: null },
      stored: { ...totals, requests: 120 },
    },
    null,
    null,
    "a load pod was lost before it had said all that it sent: 100 requests were heard of, Prometheus holds 120, the service counted 100",
  ],
  [
    "a lost pod and a service that was not read",
    { sentIsWhole: false, served: unread },
    null,
    null,
    "a load pod was lost before it had said all that it sent: 100 requests were heard of, Prometheus holds 100, the service was not read",
  ],
  [
    "a k6 that was killed did not say how much it sent",
    { record: { k6: { ...k6, endedAtSeconds: null, exitCode: null, iterations: null, summaryRequests: null }, script: null } },
    null,
    0,
    "k6 did not say how much it sent, so nobody knows whether all of it was written",
  ],
  [
    "a k6 of which nothing is known counted no other totals",
    { record: { k6: null, script: null } },
    null,
    0,
    "k6 did not say how much it sent, so nobody knows whether all of it was written",
  ],
  ["other totals are no agreement", { sent: { ...totals, iterations: 89 } }, false, 0, "k6 counted other totals than it wrote"],
  [
    "what differs is said although something else is unknown",
    { record: { k6: { ...k6, summaryRequests: null, iterations: null }, script: null }, stored: { ...totals, requests: 99 } },
    false,
    0,
    "Prometheus holds 99 of the 100 requests that were sent",
  ],
  [
    "errors that are not stored are told as errors",
    { stored: { ...totals, errors: 1 } },
    false,
    0,
    "Prometheus holds 1 of the 2 failed requests that were sent",
  ],
  ["a service that was not read is not compared", { served: unread }, true, null, "the service's own counters could not be read"],
  [
    "nor is one whose routes nobody named",
    { served: unread, record: { k6, script: "x.js" } },
    true,
    null,
    "the service's counts are compared in its objectives only: a user script does not name its routes",
  ],
  [
    "requests that the service did not count may have been counted where nobody looks",
    { served: { ...whole.served, requests: 97 } },
    true,
    3,
    "3 requests never reached the service, or an instance that counted them is not scraped",
  ],
  [
    "more than was sent is others' traffic",
    { served: { ...whole.served, requests: 104 } },
    true,
    -4,
    "the service counted 4 more: requests of others",
  ],
])("%s", (_, change, agrees, lostBetween, explanation) => {
  expect(reconciliationOf({ ...whole, ...change })).toMatchObject({ agrees, lostBetween, explanation });
});

test.each([
  ["of our scenarios are told", null, 3],
  ["are none where a user script has a counter of that name", "own.js", 0],
])("wrong contents %s", (_, script, expected) => {
  const record = { k6, script };
  expect(reconciliationOf({ ...whole, record, sent: { ...totals, wrongContents: 3 } }).wrongContents).toBe(expected);
});
