import { expect, test } from "vitest";
import { sentOf, type SentValue } from "../run/relay/sent-totals.ts";
import { presetNamed } from "../spec/presets.ts";
import type { Objective, Spec } from "../spec/spec.ts";
import { provedSoFar } from "./stop-on-proof.ts";

const place = { file: "s.yaml", line: 1, column: 1 };
const errors = { kind: "errors", side: "client", where: {} } as const;
const specOf = (parts: Partial<Objective>): Spec => ({
  version: 1,
  service: "shop",
  confidence: 0.95,
  periodSeconds: 1,
  metrics: presetNamed("fastify"),
  scenarios: {},
  objectives: [{ name: "o", targetRatio: 0.99, indicator: errors, place, ...parts }],
});
const requests = (value: number, labels: Record<string, string> = {}): SentValue => ({
  labels: { scenario: "main", method: "GET", name: "/a", expected_response: "true", ...labels },
  value,
  atSeconds: 1,
});
const failed = (value: number, labels: Record<string, string> = {}): SentValue =>
  requests(value, { expected_response: "false", ...labels });

test.each<[string, Partial<Objective>, SentValue[], object | undefined]>([
  ["many failures prove it", {}, [requests(400), failed(30)], { objective: "o", bad: 30, total: 430 }],
  ["a bad first moment does not, though 9 of 9 would be proof", {}, [failed(9)], undefined],
  ["few do not", {}, [requests(400), failed(5)], undefined],
  [
    "those of the warm-up and of setup are not judged",
    {},
    [requests(400), failed(30, { scenario: "warmup" }), failed(30, { scenario: "" })],
    undefined,
  ],
  ["a filter chooses by k6's name", { indicator: { ...errors, where: { route: "/b" } } }, [requests(400), failed(30)], undefined],
  ["and finds what it chooses", { indicator: { ...errors, where: { route: "/a" } } }, [requests(400), failed(30)], { bad: 30, total: 430 }],
  ["only some scenarios count where the objective is about them", { only: ["spike"] }, [requests(400), failed(30)], undefined],
  ["what was written so far is of no part of the load", { phase: "spike" }, [requests(400), failed(30)], undefined],
  ["an advisory objective stops nothing", { required: false }, [requests(400), failed(30)], undefined],
  ["what the service counts is not known yet", { indicator: { ...errors, side: "server" } }, [requests(400), failed(30)], undefined],
])("%s", (_, parts, sent, expected) => {
  const proof = provedSoFar(specOf(parts), sentOf([{ k6_http_reqs_total: sent }]), true);
  if (expected === undefined) expect(proof).toBeUndefined();
  else expect(proof).toMatchObject(expected);
});

test("wrong contents are bad events of our own scenarios, and nothing in a user's script", () => {
  const sent = sentOf([{ k6_http_reqs_total: [requests(400)], k6_wrong_contents_total: [{ ...requests(30), atSeconds: 1 }] }]);
  expect(provedSoFar(specOf({}), sent, true)).toMatchObject({ bad: 30, total: 400 });
  expect(provedSoFar(specOf({}), sent, false)).toBeUndefined();
});
