import { expect, test } from "vitest";
import { good, problemsOf } from "./shop.fixture.ts";

/** Changes one piece of the good spec. */
const but = (from: string, to: string): string => {
  expect(good).toContain(from);
  return good.replace(from, to);
};

const broken: [sentence: string, text: () => string, problems: string[]][] = [
  ["an empty file", () => "", ["s.yaml:1:1 the file is empty"]],
  ["comments only", () => "# nothing\n", ["s.yaml:1:1 the file is empty"]],
  ["a list", () => "- version: 1\n", ["s.yaml:1:1 the file must be a mapping of keys to values"]],
  ["a word", () => "hello\n", ["s.yaml:1:1 the file must be a mapping of keys to values"]],
  ["null", () => "~\n", ["s.yaml:1:1 the file is empty"]],
  [
    "an empty mapping",
    () => "{}\n",
    ["s.yaml:1:1 version: is missing", "s.yaml:1:1 service: is missing", "s.yaml:1:1 objectives: is missing"],
  ],
  ["a version to come", () => but("version: 1", "version: 2"), ["s.yaml:1:10 version: must be 1"]],
  ["a version in quotes", () => but("version: 1", 'version: "1"'), ["s.yaml:1:10 version: must be 1"]],
  [
    "a key with a typing error",
    () => but("service: shop", "sevrice: shop"),
    ["s.yaml:1:1 service: is missing", "s.yaml:2:1 sevrice: unknown key (did you mean service?)"],
  ],
  ["a key that resembles nothing", () => but("service: shop", "service: shop\nowner: me"), ["s.yaml:3:1 owner: unknown key"]],
  [
    "a key in another spelling",
    () => but("atMost", "at_most"),
    ["s.yaml:11:9 atMost: is missing", "s.yaml:12:9 at_most: unknown key (did you mean atMost?)"],
  ],
  ["a key without a value", () => but("service: shop", "service:"), ["s.yaml:2:1 service: has no value; it must be text"]],
  ["a service that is empty", () => but("service: shop", 'service: " "'), ["s.yaml:2:10 service: must not be empty"]],
  ["a number for a name", () => but("service: shop", "service: 404"), ['s.yaml:2:10 service: must be text (write it in quotes: "404")']],
  [
    "a name of endless length",
    () => but("service: shop", `service: ${"x".repeat(101)}`),
    ["s.yaml:2:10 service: must be at most 100 characters long"],
  ],
  [
    "NUL in a name",
    () => but("service: shop", 'service: "sh\\0op"'),
    ["s.yaml:2:10 service: holds a character that cannot be seen or turns text round: U+0000"],
  ],
  [
    "a right-to-left mark in a name, as it stands",
    () => but("name: checkout works", "name: checkout\u202E works"),
    ["s.yaml:14:11 name: holds a character that cannot be seen or turns text round: U+202E"],
  ],
  [
    "a line break in the value of a label",
    () => but("method: GET", 'method: "GET\\n"'),
    ["s.yaml:13:26 method: holds a character that cannot be seen or turns text round: U+000A"],
  ],
  [
    "an invisible mark in the name of a scenario",
    () => but("spike:", '"spike\\u200B":'),
    ["s.yaml:18:3 spike\\u200b: holds a character that cannot be seen or turns text round: U+200B"],
  ],
  ["no objective", () => "version: 1\nservice: x\nobjectives: []\n", ["s.yaml:3:13 objectives: must hold at least one objective"]],
  ["objectives that are no list", () => "version: 1\nservice: x\nobjectives: { a: 1 }\n", ["s.yaml:3:13 objectives: must be a list"]],
  [
    "an objective that is a word",
    () => "version: 1\nservice: x\nobjectives:\n  - fast\n",
    ["s.yaml:4:5 objectives[0]: must be a mapping of keys to values"],
  ],
  [
    "a target without its sign",
    () => but("99.9%", "99.9"),
    ['s.yaml:5:13 target: must be a percentage with its sign, such as "99.9%" (did you mean 99.9%?)'],
  ],
  [
    "a target as a ratio",
    () => but("99.9%", "0.999"),
    ['s.yaml:5:13 target: must be a percentage with its sign, such as "99.9%" (did you mean 99.9%?)'],
  ],
  [
    "a target in quotes without its sign",
    () => but("99.9%", '"99.9"'),
    ['s.yaml:5:13 target: must be a percentage with its sign, such as "99.9%" (did you mean 99.9%?)'],
  ],
  ["a target of 100%", () => but("99.9%", "100%"), ["s.yaml:5:13 target: must be below 100% (did you mean 99.9%?)"]],
  ["a target whose point is missing", () => but("99.9%", "9995%"), ["s.yaml:5:13 target: must be below 100%"]],
  ["nines whose point is missing", () => but("99.9%", "9999%"), ["s.yaml:5:13 target: must be below 100% (did you mean 99.99%?)"]],
  ["a target of 0%", () => but("99.9%", "0%"), ["s.yaml:5:13 target: must be above 0%"]],
  ["a target below zero", () => but("99.9%", "-1%"), ['s.yaml:5:13 target: must be a percentage with its sign, such as "99.9%"']],
  ["a target with a comma", () => but("99.9%", "99,9%"), ['s.yaml:5:13 target: must be a percentage with its sign, such as "99.9%"']],
  [
    "a target finer than can be told from 100%",
    () => but("99.9%", "99.9999999999%"),
    ["s.yaml:5:13 target: may have 9 digits after the point"],
  ],
  ["a target that is missing", () => but("    target: 99.9%\n", ""), ["s.yaml:4:5 target: is missing"]],
  [
    "a confidence that is a caveat",
    () => but("service: shop", "service: shop\nconfidence: 5%"),
    ["s.yaml:3:13 confidence: must be at least 50% (did you mean 95%?)"],
  ],
  [
    "certainty",
    () => but("service: shop", "service: shop\nconfidence: 100%"),
    ["s.yaml:3:13 confidence: must be below 100% (did you mean 99.9%?)"],
  ],
  [
    "a period without its unit",
    () => but("service: shop", "service: shop\nperiod: 30"),
    ["s.yaml:3:9 period: must be a duration with its unit (ms, s, m, h, d, w), such as 250ms or 30d"],
  ],
  [
    "a latency without its unit",
    () => but("250ms", "250"),
    ["s.yaml:12:17 atMost: must be a duration with its unit (ms, s, m, h, d, w), such as 250ms or 30d"],
  ],
  [
    "a unit that is spelled out",
    () => but("250ms", "2 seconds"),
    ["s.yaml:12:17 atMost: must be a duration with its unit (ms, s, m, h, d, w), such as 250ms or 30d"],
  ],
  [
    "a unit in capitals",
    () => but("250ms", "250MS"),
    ["s.yaml:12:17 atMost: must be a duration with its unit (ms, s, m, h, d, w), such as 250ms or 30d"],
  ],
  ["a latency of nothing", () => but("250ms", "0ms"), ["s.yaml:12:17 atMost: must be longer than 0s"]],
  ["a latency of a day", () => but("250ms", "1d"), ["s.yaml:12:17 atMost: must be at most 1h"]],
  ["an unknown side", () => but("side: server", "side: sever"), ["s.yaml:11:15 side: must be client or server (did you mean server?)"]],
  ["no side", () => but("{ side: client }", "{}"), ["s.yaml:6:26 side: is missing"]],
  [
    "errors without anything",
    () => but("{ errors: { side: client } }", "{ errors: }"),
    ["s.yaml:6:18 errors: has no value; it must be a mapping of keys to values"],
  ],
  [
    "no indicator",
    () => but("{ errors: { side: client } }", "{}"),
    ["s.yaml:6:16 indicator: must hold one of errors, latency, ratio, checks, counter, rate, trend, throughput and integrity"],
  ],
  [
    "two indicators",
    () => but("{ errors: { side: client } }", "{ errors: { side: client }, ratio: { bad: a, total: b } }"),
    ["s.yaml:6:16 indicator: must hold only one of errors, latency, ratio, checks, counter, rate, trend, throughput and integrity"],
  ],
  ["an unknown indicator", () => but("{ errors: ", "{ error: "), ["s.yaml:6:18 error: unknown key (did you mean errors?)"]],
  ["an empty selector", () => but("total: 'orders_total'", "total: ''"), ["s.yaml:16:72 total: must not be empty"]],
  [
    "a label's value that is a number",
    () => but("method: GET", "status: 500"),
    ['s.yaml:13:26 status: must be text (write it in quotes: "500")'],
  ],
  [
    "a label's value that is yes",
    () => but("method: GET", "cached: true"),
    ['s.yaml:13:26 cached: must be text (write it in quotes: "true")'],
  ],
  ["a label without a value", () => but("method: GET", 'method: ""'), ["s.yaml:13:26 method: must not be empty"]],
  ["a label without a name", () => but("method: GET", '"": GET'), ["s.yaml:13:18 a label must have a name"]],
  [
    "a label that would hide every bad event",
    () => but("method: GET", 'expected_response: "true", le: "1"'),
    ["s.yaml:13:18 expected_response: is a label that Plimsoll sets itself", "s.yaml:13:45 le: is a label that Plimsoll sets itself"],
  ],
  [
    "a where that is no mapping",
    () => but('{ method: GET, route: "/api/buckets/:id" }', "GET"),
    ["s.yaml:13:16 where: must be a mapping of keys to values"],
  ],
  [
    "two objectives of one name",
    () => but("name: read latency", "name: availability"),
    [
      's.yaml:7:11 name: "availability" is the name of an objective on line 4 already',
      "s.yaml:18:43 read latency: no objective has this name",
    ],
  ],
  [
    "an override for a misspelt objective",
    () => but("{ availability: { target: 99% }", "{ availabilty: { target: 99% }"),
    ["s.yaml:18:12 availabilty: no objective has this name (did you mean availability?)"],
  ],
  [
    "an override for an objective that is not there",
    () => but("read latency: { target: 99.5% }", "x: { target: 1% }"),
    ["s.yaml:18:43 x: no objective has this name"],
  ],
  [
    "an override without its sign",
    () => but("read latency: { target: 99.5% }", "read latency: { target: 99.5 }"),
    ['s.yaml:18:67 target: must be a percentage with its sign, such as "99.9%" (did you mean 99.5%?)'],
  ],
  [
    "an override that is no mapping",
    () => but("read latency: { target: 99.5% }", "read latency: 99.5%"),
    ["s.yaml:18:57 read latency: must be a mapping of keys to values"],
  ],
  [
    "overrides that are a list",
    () => "version: 1\nscenarios: [1]\n",
    ["s.yaml:1:1 service: is missing", "s.yaml:1:1 objectives: is missing", "s.yaml:2:12 scenarios: must be a mapping of keys to values"],
  ],
  ["a key that stands twice", () => but("service: shop", "service: shop\nservice: cellar"), ["s.yaml:3:1 duplicate key"]],
  ["a key that stands twice, deep down", () => but("side: client", "side: client, side: server"), ["s.yaml:6:42 duplicate key"]],
  [
    "a name that reaches behind the object",
    () => but("method: GET", "__proto__: GET"),
    ["s.yaml:13:18 __proto__: cannot be used as a name"],
  ],
  ["tabs", () => but("  - name: availability", "\t- name: availability"), ["s.yaml:4:1 tabs cannot indent; use spaces"]],
  [
    "a bracket that is not closed",
    () => but("{ errors: { side: client } }", "{ errors: { side: client }"),
    ["s.yaml:7:3 Flow map in block collection must be sufficiently indented and end with a }"],
  ],
  ["a quote that is not closed", () => 'version: 1\nservice: "shop\n', ['s.yaml:3:1 Missing closing "quote']],
  ["an alias without an anchor", () => but("service: shop", "service: *shop"), ["s.yaml:2:10 *shop has no anchor (&shop) before it"]],
  [
    "a tag that means code elsewhere",
    () => but("service: shop", "service: !!js/function shop"),
    ["s.yaml:2:10 Unresolved tag: tag:yaml.org,2002:js/function"],
  ],
  ["a second document", () => `${good}---\nversion: 1\n`, ["s.yaml:20:1 a file holds one spec; this is a second document"]],
  [
    "a key that is a list",
    () => but("service: shop", "? [a, b]\n: shop\nservice: shop"),
    ["s.yaml:2:3 With stringKeys, all keys must be strings"],
  ],
  [
    "metrics of a library that nobody knows",
    () => but("service: shop", "service: shop\nmetrics: promhtp"),
    ["s.yaml:3:10 metrics: must be one of fastify, promhttp, otel, micrometer, istio, nginx-ingress, envoy (did you mean promhttp?)"],
  ],
  [
    "a mapping of metrics that counts nothing",
    () => but("service: shop", "service: shop\nmetrics: { unit: ms }"),
    ["s.yaml:3:10 metrics: must name a histogram (duration), a counter (requests) or a preset"],
  ],
  [
    "a histogram in the place of one in milliseconds, without its unit",
    () => but("service: shop", "service: shop\nmetrics: { preset: envoy, duration: lat }"),
    ["s.yaml:3:10 metrics: must say the unit of lat, s or ms: its name does not tell"],
  ],
  [
    "a histogram of one's own whose name does not tell its unit",
    () => but("service: shop", "service: shop\nmetrics: { duration: http_latency }"),
    ["s.yaml:3:10 metrics: must say the unit of http_latency, s or ms: its name does not tell"],
  ],
  [
    "a unit that the histogram's name contradicts",
    () => but("service: shop", "service: shop\nmetrics: { preset: otel, duration: lat_seconds, unit: ms }"),
    ["s.yaml:3:10 metrics: says that lat_seconds is in ms, and its name says otherwise"],
  ],
  [
    "a mapping that begins with a preset with a typing error",
    () => but("service: shop", "service: shop\nmetrics: { preset: envoi, scrape: { path: stats } }"),
    [
      "s.yaml:3:20 preset: must be one of fastify, promhttp, otel, micrometer, istio, nginx-ingress, envoy (did you mean envoy?)",
      "s.yaml:3:43 path: must begin with a slash",
    ],
  ],
  [
    "a label of metrics with a typing error",
    () => but("service: shop", "service: shop\nmetrics: { requests: a, labels: { stats: code } }"),
    ["s.yaml:3:35 stats: unknown key (did you mean status?)"],
  ],
  [
    "statuses that no service answers with",
    () => but("service: shop", "service: shop\nmetrics: { preset: otel, errors: [6xx, 429, 42] }"),
    [
      's.yaml:3:35 errors[0]: must be a class of statuses such as "5xx", or one status such as "429"',
      's.yaml:3:45 errors[2]: must be a class of statuses such as "5xx", or one status such as "429"',
    ],
  ],
  ["escape codes in a key", () => but("service: shop", 'service: shop\n"\\e[2Jx": 1'), ["s.yaml:3:1 \\u001b[2Jx: unknown key"]],
];

test.each(broken)("%s is a problem with its place", (_, text, problems) => {
  expect(problemsOf(text())).toEqual(problems);
});
