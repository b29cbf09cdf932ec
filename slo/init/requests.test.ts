import { expect, test } from "vitest";
import { describedBy } from "./requests.ts";

const openApi = (paths: object, more: object = {}): string => JSON.stringify({ openapi: "3.1.0", paths, ...more });
const har = (...requests: [method: string, url: string, type?: string][]): string =>
  JSON.stringify({ log: { entries: requests.map(([method, url, _resourceType]) => ({ request: { method, url }, _resourceType })) } });
const inPath = (name: string, more: object): object => ({ name, in: "path", required: true, ...more });

const rows: [string, string, object][] = [
  [
    "a path without parameters is asked for as it is",
    openApi({ "/orders": { get: {} } }, { servers: [{ url: "https://shop.example/v1/" }] }),
    { target: "https://shop.example/v1", requests: [{ route: "/orders", params: {}, query: {}, guessed: [] }], notes: [] },
  ],
  [
    "a stated value is taken: an example, a default, the first of an enumeration",
    openApi({
      "/{a}/{b}/{c}": {
        parameters: [inPath("a", { example: "x y" }), inPath("b", { schema: { default: 7 } })],
        get: { parameters: [inPath("c", { schema: { enum: ["up", "down"] } })] },
      },
    }),
    { requests: [{ route: "/{a}/{b}/{c}", params: { a: "x y", b: "7", c: "up" }, guessed: [] }] },
  ],
  [
    "what nobody stated is guessed and named; what is not required is left out",
    openApi({
      "/orders/{id}": {
        get: {
          parameters: [
            inPath("id", { schema: { format: "uuid" } }),
            { name: "page", in: "query" },
            { name: "shop", in: "query", required: true },
          ],
        },
      },
    }),
    { requests: [{ params: { id: "00000000-0000-4000-8000-000000000001" }, query: { shop: "1" }, guessed: ["shop", "id"] }] },
  ],
  [
    "a shared parameter is found, and one that is not declared is guessed",
    openApi(
      { "/{a}/{b}": { get: { parameters: [{ $ref: "#/components/parameters/A" }] } } },
      { components: { parameters: { A: inPath("a", { example: 5 }) } } },
    ),
    { requests: [{ params: { a: "5", b: "1" }, guessed: ["b"] }] },
  ],
  [
    "a server that is no address gives none, and what writes is left out, by name, for a person to choose",
    openApi({ "/a/{id}": { get: {}, post: {}, delete: {} } }, { servers: [{ url: "/v1" }] }),
    {
      target: undefined,
      requests: [{ route: "/a/{id}" }],
      writing: ["POST /a/{id}", "DELETE /a/{id}"],
      notes: [
        "left out, as what writes: POST /a/{id}, DELETE /a/{id}; the scenario has them as comments: take in those that may be repeated thousands of times",
      ],
    },
  ],
  ["YAML is read", "swagger: '2.0'\npaths:\n  /a:\n    get: {}\n", { requests: [{ route: "/a", params: {}, query: {}, guessed: [] }] }],
  [
    "a HAR gives the reading requests of its main host once each, with the numbers in their paths as one route",
    har(
      ["GET", "http://a/o/12"],
      ["GET", "http://a/o/12"],
      ["GET", "http://a/o/13?q=x"],
      ["GET", "http://cdn/x"],
      ["POST", "http://a/o"],
      ["GET", "http://a/x.png", "image"],
    ),
    {
      target: "http://a",
      requests: [
        { route: "/o/{id}", params: { id: "12" }, query: {}, guessed: [] },
        { route: "/o/{id}", params: { id: "13" }, query: { q: "x" }, guessed: [] },
      ],
      notes: ["left out: requests that write, load a page's parts, go to other hosts, or may hold a secret in their query (3)"],
    },
  ],
  [
    "what may be a secret does not leave a HAR",
    har(["GET", "http://a/o"], ["GET", "http://a/p?access_token=s3cr3t"]),
    {
      requests: [{ route: "/o", params: {}, query: {}, guessed: [] }],
      notes: ["left out: requests that write, load a page's parts, go to other hosts, or may hold a secret in their query (1)"],
    },
  ],
  ["another document is refused", "{}", { kind: "problem", message: "is no OpenAPI document (openapi, paths) and no HAR (log.entries)" }],
  ["a text is refused", "a: [", { kind: "problem" }],
  [
    "one without a reading request is refused",
    openApi({ "/a": { post: {} } }),
    {
      kind: "problem",
      message: "names no GET request to begin with, only what writes (POST /a): give an address instead, and add them to its scenario",
    },
  ],
];
test.each(rows)("%s", (_sentence, text, expected) => {
  expect(describedBy(text)).toMatchObject(expected);
});

test("a long document gives no more than a person reads, and says how many there are", () => {
  const many = describedBy(openApi(Object.fromEntries(Array.from({ length: 25 }, (_, i) => [`/${i}`, { get: {} }]))));
  expect(many).toMatchObject({ notes: ["left out: GET requests beyond the first 20 (5)"] });
  expect(many.kind === "described" && many.requests.length).toBe(20);
});
