import { expect, test } from "vitest";
import { readPlan } from "../run/plan.ts";
import { loadSpec } from "../spec/load.ts";
import { neverSent, provableBy } from "./planned.ts";

const planOf = (mix: { method: string; route: string; perIteration: number }[]) =>
  readPlan(
    JSON.stringify({
      scenarios: { main: { executor: "constant-arrival-rate", rate: 10, duration: "60s" } },
      ext: { plimsoll: { mix } },
    }),
  );
const mixed = planOf([
  { method: "GET", route: "/items/:id", perIteration: 1 },
  { method: "POST", route: "/items", perIteration: 0.25 },
]);

function objectiveWith(indicator: string) {
  const text = `version: 1\nservice: shop\nobjectives:\n  - { name: o, target: 99%, indicator: ${indicator} }\n`;
  const read = loadSpec(text, "shop.yaml");
  if (read.kind === "problems") throw new Error(read.problems[0]?.message);
  const [objective] = read.spec.objectives;
  if (objective === undefined) throw new Error("no objective");
  return { spec: read.spec, objective };
}

test.each([
  ["a route of the load is sent", '{ errors: { side: server, where: { route: "/items" } } }', mixed, undefined],
  [
    "a route that the load has not is never sent, and what it has is said",
    '{ errors: { side: server, where: { route: "/orders" } } }',
    mixed,
    "this scenario never sends /orders; it sends GET /items/:id, POST /items",
  ],
  [
    "a method and a route that never come together are never sent",
    '{ latency: { side: client, atMost: 1s, where: { method: POST, route: "/items/:id" } } }',
    mixed,
    "this scenario never sends POST /items/:id; it sends GET /items/:id, POST /items",
  ],
  ["a route may be spelled otherwise", '{ errors: { side: server, where: { route: "/items/{id}" } } }', mixed, undefined],
  ["of a user script nobody knows what it sends", "{ errors: { side: server, where: { route: /orders } } }", planOf([]), undefined],
  ["without a filter all is sent", "{ errors: { side: client } }", mixed, undefined],
  ["what a label of the service's own leaves nobody knows", "{ errors: { side: server, where: { shop: x } } }", mixed, undefined],
  ["of events no plan tells", "{ ratio: { bad: 'a_total{r=\"x\"}', total: a_total } }", mixed, undefined],
])("%s", (_, indicator, plan, sentence) => {
  expect(neverSent(objectiveWith(indicator).objective, plan)).toBe(sentence);
});

test.each([
  ["all of the mix", "{ errors: { side: client } }", 750],
  ["a method of it", "{ errors: { side: client, where: { method: GET } } }", 600],
  ["a route of it, however it is spelled", '{ errors: { side: server, where: { route: "/items/<id>" } } }', 600],
  ["what it has not", "{ errors: { side: client, where: { route: /other } } }", 0],
  ["what it does not say", "{ errors: { side: client, where: { shop: a } } }", undefined],
])("expected requests follow the mix: %s", (_, indicator, requests) => {
  const { spec, objective } = objectiveWith(indicator);
  expect(provableBy(objective, spec, mixed).text).toContain(
    requests === undefined ? "how many will come is not known" : `about ${requests} requests`,
  );
});

test("without a plan it is not known whether an objective can be proved", () => {
  const { spec, objective } = objectiveWith("{ errors: { side: client } }");
  expect(provableBy(objective, spec, undefined)).toEqual({
    kind: "unknown",
    text: "299 requests without a bad one prove 99%; how many will come is not known",
  });
  expect(provableBy(objective, spec, mixed)).toEqual({
    kind: "enough",
    text: "about 750 requests are enough to prove 99% from 299 on",
  });
});
