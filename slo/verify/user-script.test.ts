import { expect, test } from "vitest";
import type { RunRecord } from "../run/record.ts";
import { sentOf } from "../run/relay/sent-totals.ts";
import { userScriptFacts, namedElsewhere } from "./user-script.ts";

const recordOf = (target: string, more: Partial<RunRecord> = {}): RunRecord =>
  ({ script: "own.js", target, k6: null, ...more }) as RunRecord;
const requests = (...rows: [name: string, value: number, more?: Record<string, string>][]) =>
  sentOf([
    {
      k6_http_reqs_total: rows.map(([name, value, more]) => ({
        labels: { name, status: "200", expected_response: "true", scenario: "main", ...more },
        value,
        atSeconds: 1,
      })),
    },
  ]);

const counted = (value: number, labels: Record<string, string>) => ({ labels, value, atSeconds: 1 });

const target = "http://127.0.0.1:7301";
const nothing = { caveats: [], notes: [] };

test.each<[string, RunRecord, ReturnType<typeof requests>, ReturnType<typeof userScriptFacts>]>([
  ["load that went to the target is nothing to speak of", recordOf(target), requests(["http://127.0.0.1:7301/a", 9]), nothing],
  [
    "another name of this machine is the same target",
    recordOf("http://localhost:7301/base"),
    requests(["http://127.0.0.1:7301/a", 9]),
    nothing,
  ],
  [
    "the warm-up of plimsoll/k6 is meant not to be judged",
    recordOf(target),
    requests(["a", 9, { scenario: "main" }], ["a", 5, { scenario: "warmup", counted_by: "plimsoll" }]),
    nothing,
  ],
  [
    "a warm-up that it did not send is told",
    recordOf(target),
    requests(["a", 9, { scenario: "warmup" }], ["a", 5, { scenario: "warmup", counted_by: "plimsoll" }]),
    {
      caveats: [
        '9 of the script\'s requests, dropped iterations, checks and rates carry scenario="warmup", which is never judged: give that scenario, or tag, another name',
      ],
      notes: [],
    },
  ],
  ["names of the script's own say nothing of where", recordOf(target), requests(["checkout", 9]), nothing],
  [
    "load that went elsewhere altogether proves nothing of the target",
    recordOf(target),
    requests(["http://127.0.0.1:7300/a", 9], ["http://127.0.0.1:7300/b", 1]),
    {
      caveats: [
        "the script sent nothing to http://127.0.0.1:7301, only to http://127.0.0.1:7300: give that as --target, or let it read __ENV.PLIMSOLL_TARGET",
      ],
      notes: [],
    },
  ],
  [
    "load that went elsewhere in part is told",
    recordOf(target),
    requests(["http://127.0.0.1:7301/a", 9], ["https://cdn.example/x", 2]),
    { caveats: [], notes: ["2 of the requests went to https://cdn.example, not to http://127.0.0.1:7301, and are counted too"] },
  ],
  [
    "failures that the script calls expected are told, but for those of the warm-up",
    recordOf(target),
    requests(
      ["checkout", 9],
      ["checkout", 4, { status: "503" }],
      ["checkout", 2, { status: "500", expected_response: "false" }],
      ["checkout", 3, { status: "503", scenario: "warmup", counted_by: "plimsoll" }],
    ),
    {
      caveats: [],
      notes: ["4 answers were 5xx, and the script calls them expected: they count as good"],
    },
  ],
  [
    "checks that failed are told, for nobody judges them",
    recordOf(target, { k6: { checks: { passes: 1, fails: 3 } } as RunRecord["k6"] }),
    requests(["checkout", 9]),
    { caveats: [], notes: ["3 of 4 of the script's checks failed; only those decide that an objective is about"] },
  ],
  [
    "by name, where they were counted",
    recordOf(target, { k6: { checks: { passes: 1, fails: 3 } } as RunRecord["k6"] }),
    sentOf([
      {
        k6_plimsoll_checks_total: [
          counted(1, { check: "is 200", plimsoll_good: "true" }),
          counted(2, { check: "is 200", plimsoll_good: "false" }),
          counted(1, { check: "has an id", plimsoll_good: "false" }),
        ],
      },
    ]),
    {
      caveats: [
        "4 of the script's requests, dropped iterations, checks and rates carry no scenario, so they are not judged: leave the tag as k6 sets it, and scenario and group in systemTags",
      ],
      notes: [
        '3 of 4 of the script\'s checks failed ("is 200" 2 times, "has an id" 1 times); only those decide that an objective is about',
      ],
    },
  ],
  [
    "a check that not every iteration came to is told, for it is in no count",
    recordOf(target),
    sentOf([
      {
        k6_iterations_total: [counted(361, { scenario: "main" }), counted(9, { scenario: "other" })],
        k6_plimsoll_checks_total: [
          counted(100, { scenario: "main", check: "echoed", plimsoll_good: "true" }),
          counted(81, { scenario: "main", check: "echoed", plimsoll_good: "false" }),
          counted(9, { scenario: "other", check: "every time" }),
        ],
      },
    ]),
    {
      caveats: [],
      notes: [
        'some iterations never came to a check, which is then in no count: "echoed" in 181 of 361; where each has to come to it, count those that do: counter: { good, total: iterations }',
      ],
    },
  ],
  [
    "requests that nobody judges, for the name of their scenario, are told",
    recordOf(target),
    requests(["checkout", 9, { scenario: "main" }], ["checkout", 4, { scenario: "warmup" }]),
    {
      caveats: [
        '4 of the script\'s requests, dropped iterations, checks and rates carry scenario="warmup", which is never judged: give that scenario, or tag, another name',
      ],
      notes: [],
    },
  ],
  [
    "so are requests without a scenario, for nobody judges them either",
    recordOf(target),
    requests(["checkout", 9], ["checkout", 4, { scenario: "" }]),
    {
      caveats: [
        "4 of the script's requests, dropped iterations, checks and rates carry no scenario, so they are not judged: leave the tag as k6 sets it, and scenario and group in systemTags",
      ],
      notes: [],
    },
  ],
  [
    "setup and teardown have none, and are not meant to be judged",
    recordOf(target),
    requests(["checkout", 9], ["a", 1, { scenario: "", group: "::setup::log in" }], ["b", 1, { scenario: "", group: "::teardown" }]),
    nothing,
  ],
  ["our own warm-up is none of it", recordOf(target, { script: null }), requests(["/a", 4, { scenario: "warmup" }]), nothing],
  ["of our own scenarios nothing is told", recordOf(target, { script: null }), requests(["http://127.0.0.1:7300/a", 9]), nothing],
])("%s", (_, record, sent, expected) => {
  expect(userScriptFacts(record, sent)).toEqual(expected);
});

test.each([
  ["what is named by the target's URL went there", recordOf(target), "http://127.0.0.1:7301/a", false],
  ["another name of this machine is the same target", recordOf("http://localhost:7301/base"), "http://127.0.0.1:7301/a", false],
  ["what is named by another host's URL may have gone elsewhere", recordOf(target), "https://cdn.example/x", true],
  ["another port is another host", recordOf(target), "http://127.0.0.1:7300/a", true],
  ["a name of the script's own may have gone to the target", recordOf(target), "checkout", false],
  ["a URL whose host is a variable may have gone to the target", recordOf(target), "${}/api/${}", false],
  ["nor does a template's gap name another host", recordOf(target), "http://${}/items/${}", false],
  ["nor one that is a part of a name", recordOf(target), "https://${}.shop.example/", false],
  ["another host's IPv6 address is a name", recordOf(target), "http://[::1]:7301/a", true],
  ["our own scenarios ask nobody else", recordOf(target, { script: null }), "http://127.0.0.1:7300/a", false],
])("for the comparison of both sides %s", (_, record, name, elsewhere) => {
  expect(namedElsewhere(record)(name)).toBe(elsewhere);
});
