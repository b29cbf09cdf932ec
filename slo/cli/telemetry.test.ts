import { describe, expect, test } from "vitest";
import { madeUpSample } from "../report/parts.fixture.ts";
import { attributeLines, samplesText } from "../report/causes.ts";
import { markdownReport } from "../report/markdown.ts";
import { exceededReport, metReport } from "../report/reports.fixture.ts";
import { reportSchema, type Report } from "../report/schema.ts";
import { terminalReport } from "../report/terminal.ts";
import { withTelemetry } from "../verify/telemetry.ts";

const ids = Array.from({ length: 20 }, (_, at) => String(at + 1).padStart(32, "0"));
const report: Report = { ...exceededReport(), samples: ids.map((traceId, at) => madeUpSample(60 + at, { traceId, log: [] })) };
const addresses = { traces: "http://jaeger:16686", logs: "http://loki:3100" };

/** A trace as Jaeger's query service tells it (jaeger 1.76, /api/traces), which leaves the zeros at the beginning of an id out. */
function jaegerTrace(id: string, more: { key: string; value: string | number | boolean }[]) {
  const span = { traceID: id, startTime: 1_795_237_260_000_000, references: [], warnings: null };
  const tags = [{ key: "http.route", type: "string", value: "/api/buckets/:id" }, ...more];
  return {
    traceID: id.replace(/^0+/, ""),
    spans: [
      { ...span, operationName: "delete buckets", duration: 200, processID: "p1", startTime: span.startTime + 100, tags: [] },
      { ...span, operationName: "DELETE /api/buckets/:id", duration: 900, processID: "p1", tags },
      ...["a", "b"].map((name) => ({
        ...span,
        operationName: name,
        duration: 1,
        processID: "p1",
        startTime: span.startTime + 500,
        tags: [],
      })),
    ],
    processes: { p1: { serviceName: "storage-api", tags: [{ key: "k8s.pod.name", type: "string", value: "storage-api-1" }] } },
  };
}
const fault = { key: "plimsoll.fault", value: "delete-answers-500" };
const bad = (id: string) => jaegerTrace(id, [fault, { key: "error", value: true }, { key: "password", value: "hunter2" }]);

/** Answers as Jaeger and Loki do; what it was asked is kept. */
function stores({ has = ids, allBad = false }: { has?: readonly string[]; allBad?: boolean } = {}) {
  const asked: URL[] = [];
  const answer = (url: URL): unknown => {
    const wanted = url.searchParams.getAll("traceID");
    if (url.host === "jaeger:16686" && wanted.length > 0) return { data: has.filter((id) => wanted.includes(id)).map(bad), errors: null };
    if (allBad && url.searchParams.has("operation")) return { data: [], errors: null };
    if (url.host === "jaeger:16686") {
      const from = Number(url.searchParams.get("start"));
      return { data: [1, 2, 3, 4].map((at) => jaegerTrace(String(from + at).padStart(32, "f"), [])), errors: null };
    }
    const result = has.map((id, at) => ({
      stream: { service_name: "storage-api", trace_id: id },
      values: [
        [`${at + 2}`, `second token=s3cret`],
        [`${at + 1}`, "first"],
      ],
    }));
    return { status: "success", data: { resultType: "streams", result } };
  };
  const get = (async (input: string) => {
    const url = new URL(input);
    asked.push(url);
    return Response.json(answer(url));
  }) as typeof fetch;
  return { asked, fetch: get };
}

const answering = (answer: (url: URL) => unknown) => ({
  fetch: (async (input: string) => Response.json(answer(new URL(input)))) as typeof fetch,
});
const endless = () => new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array(1 << 20).fill(32)) });

const lookedUp = (
  of: Report,
  fake: Pick<ReturnType<typeof stores>, "fetch">,
  where: Partial<typeof addresses> = addresses,
  limitSeconds = 60,
) => withTelemetry(of, { traces: where.traces, logs: where.logs }, { fetch: fake.fetch, say: () => undefined, limitSeconds });

describe("a failing request that was traced and logged", () => {
  test("has its first three spans and lines beside it, in order, without secrets, and where both are shown", async () => {
    const told = await lookedUp(report, stores());
    const [first] = told.samples ?? [];
    expect(first?.spans?.map(({ name }) => name)).toEqual(["DELETE /api/buckets/:id", "delete buckets", "a"]);
    expect(first?.spans?.[0]).toMatchObject({
      service: "storage-api",
      durationSeconds: 0.0009,
      isError: true,
      attributes: { "plimsoll.fault": "delete-answers-500", "k8s.pod.name": "storage-api-1" },
    });
    expect(first?.log).toEqual(["first", "second token=***"]);
    expect(samplesText(told)).not.toContain("hunter2");
    expect(first?.traceUrl).toBe(`http://jaeger:16686/trace/${ids[0]}`);
    expect(first?.logUrl).toContain("http://loki:3100/loki/api/v1/query_range?query=%7Bservice_name%3D%22storage-api%22%7D");
    expect(() => reportSchema.parse(told)).not.toThrow();
  });

  test("is compared with good ones of its route and run, over all of the judged time", async () => {
    const { asked, ...fake } = stores();
    const told = await lookedUp(report, fake);
    expect(attributeLines(told)).toEqual([
      "DELETE /api/buckets/:id: plimsoll.fault = delete-answers-500 in 20 of 20 bad and 0 of 32 good requests (p < 0.0001)",
      "DELETE /api/buckets/:id: password = *** in 20 of 20 bad and 0 of 32 good requests (p < 0.0001)",
    ]);
    for (const text of [terminalReport(told, { colour: false, width: 200 }), markdownReport(told)])
      expect(text).toMatch(
        /In the traces of bad requests[^]*plimsoll\.fault = delete-answers-500 in 20 of 20 bad and 0 of 32 good requests/,
      );
    const searches = asked.filter(({ searchParams }) => searchParams.has("operation"));
    expect(searches).toHaveLength(8);
    expect(searches[0]?.searchParams.get("tags")).toBe(JSON.stringify({ "plimsoll.testid": report.testid }));
    expect(new Set(searches.map(({ searchParams }) => searchParams.get("start"))).size).toBe(8);
  });

  test("is compared with good ones of other routes where all of its own are bad", async () => {
    const told = await lookedUp(report, stores({ allBad: true }));
    expect(attributeLines(told)).toContain(
      "DELETE /api/buckets/:id: plimsoll.fault = delete-answers-500 in 20 of 20 bad and 0 of 32 good requests of other routes (p < 0.0001)",
    );
  });

  test("is compared without the slow ones of its route, which are so by themselves", async () => {
    const slow = Array.from({ length: 10 }, (_, at) => madeUpSample(60 + at, { traceId: ids[10 + at] ?? "", kind: "slow", status: 200 }));
    const failing = Array.from({ length: 10 }, (_, at) => madeUpSample(60 + at, { traceId: ids[at] ?? "" }));
    const slowed = (id: string) => {
      const { spans, ...trace } = jaegerTrace(id, [{ key: "cache", value: "cold" }]);
      return { ...trace, spans: spans.map((span) => ({ ...span, duration: span.duration * 1_000 })) };
    };
    const fake = answering((url) => {
      const wanted = url.searchParams.getAll("traceID");
      const from = Number(url.searchParams.get("start"));
      if (wanted.length === 0) return { data: [1, 2, 3, 4].map((at) => jaegerTrace(String(from + at).padStart(32, "f"), [])) };
      return { data: wanted.map((id) => (ids.indexOf(id) < 10 ? jaegerTrace(id, [fault]) : slowed(id))) };
    });
    const told = await lookedUp({ ...report, samples: [...failing, ...slow] }, fake, { traces: addresses.traces });
    expect(attributeLines(told).map((line) => line.replace(/ \(p .*/, ""))).toEqual([
      "DELETE /api/buckets/:id: plimsoll.fault = delete-answers-500 in 10 of 10 bad and 0 of 32 good requests",
      "DELETE /api/buckets/:id (slow): cache = cold in 10 of 10 bad and 0 of 32 good requests",
    ]);
  });

  test("is compared with none where no other is found, and that is said", async () => {
    const fake = answering((url) => ({ data: url.searchParams.getAll("traceID").map((id) => jaegerTrace(id, [fault])) }));
    const told = await lookedUp(report, fake, { traces: addresses.traces });
    expect(attributeLines(told)).toEqual([]);
    expect(told.notes.slice(report.notes.length)).toEqual([
      expect.stringMatching(/no traces of good requests .* lack the attribute plimsoll\.testid/),
    ]);
    expect(attributeLines(await lookedUp(report, stores()))).not.toEqual([]);
    expect((await lookedUp(report, stores())).notes).toEqual(report.notes);
  });

  test("is counted once, however many samples it has, and those of its status are not called good", async () => {
    const again = Array.from({ length: 20 }, (_, at) => madeUpSample(60 + at, { traceId: ids[at % 10] ?? "", status: 404 }));
    const fake = answering((url) => {
      const wanted = url.searchParams.getAll("traceID");
      const status = (code: number) => [{ key: "http.response.status_code", value: code }];
      if (wanted.length > 0) return { data: wanted.map((id) => jaegerTrace(id, [fault, ...status(404)])) };
      const from = Number(url.searchParams.get("start"));
      const id = (at: number): string => String(from + at).padStart(32, "f");
      const unsampled = [1, 2].map((at) => jaegerTrace(id(at), [fault, ...status(404)]));
      return { data: [...unsampled, ...[3, 4].map((at) => jaegerTrace(id(at), status(200)))] };
    });
    const told = await lookedUp({ ...report, samples: again }, fake, { traces: addresses.traces });
    expect(attributeLines(told)).toEqual([
      "DELETE /api/buckets/:id: plimsoll.fault = delete-answers-500 in 10 of 10 bad and 0 of 16 good requests (p < 0.0001)",
    ]);
  });

  test("is told of a span whose name has a secret and is long, and by a value that is masked whole, without either", async () => {
    const tags = [
      { key: "container.id", value: "3f2504e04f8941d3".repeat(4) },
      { key: `a_long_name_${"x1".repeat(20)}`, value: "shown" },
    ];
    const span = { startTime: 1, duration: 1, processID: "p1" };
    const processes = { p1: { serviceName: "storage-api", tags: [] } };
    const trace = (traceID: string, own: unknown[]) => ({
      traceID,
      spans: [{ ...span, operationName: `/?token=hunter2 ${"x".repeat(9_000)}`, tags: own }],
      processes,
    });
    const fake = answering((url) => {
      const wanted = url.searchParams.getAll("traceID");
      if (wanted.length > 0) return { data: wanted.map((id) => trace(id, tags)) };
      return { data: [1, 2, 3].map((at) => trace(String(Number(url.searchParams.get("start")) + at).padStart(32, "f"), [])) };
    });
    const { attributes } = await lookedUp(report, fake, { traces: addresses.traces });
    const name = expect.stringMatching(/^\/\?token=\*\*\* x{400,500}$/);
    expect(attributes).toMatchObject([
      { span: name, key: "container.id", value: "***" },
      { span: name, value: "shown" },
    ]);
  });

  test("is told at a bearable length and without secrets, whatever its names are", async () => {
    const long = "x".repeat(100_000);
    const span = { startTime: 1, duration: 1, processID: "p1" };
    const tags = [
      { key: `${long}.password`, value: "hunter2" },
      { key: "pairs", value: "x=".repeat(100_000) },
    ];
    const processes = { p1: { serviceName: long, tags: [] } };
    const fake = answering((url) => ({
      data: url.searchParams.getAll("traceID").map((traceID) => ({
        traceID,
        spans: [{ ...span, operationName: `/?token=hunter2 ${long}`, tags }],
        processes,
      })),
    }));
    const text = samplesText(await lookedUp(report, fake, { traces: addresses.traces }));
    expect(text).toContain("/?token=*** xxx");
    expect(text).not.toContain("hunter2");
    expect(text.length).toBeLessThan(ids.length * 4_000);
  });

  test("whose lines are there already keeps them", async () => {
    const samples = (report.samples ?? []).map((sample) => ({ ...sample, log: ["own"] }));
    const told = await lookedUp({ ...report, samples }, stores());
    expect(told.samples?.map(({ log }) => log)).toEqual(samples.map(() => ["own"]));
  });
});

const unread: [string, Pick<ReturnType<typeof stores>, "fetch">, RegExp][] = [
  [
    "nobody answers",
    { fetch: () => Promise.reject(new Error("connect ECONNREFUSED")) },
    /20 of 20 sampled requests were not found: .*ECONNREFUSED/,
  ],
  ["another service answers", { fetch: async () => new Response("<html>") }, /20 of 20 sampled requests were not found: /],
  ["an error is answered", { fetch: async () => new Response("no token=hunter2", { status: 503 }) }, /answers 503: no token=\*\*\*$/],
  ["an answer has no end", { fetch: async () => new Response(endless()) }, /: its answer is larger than \d+ characters$/],
  [
    "times are no times",
    answering(() => ({ data: { resultType: "streams", result: [{ stream: {}, values: [["soon", ""]] }] } })),
    /answers in another form$/,
  ],
  [
    "those of others are answered",
    answering(({ host }) => {
      const others = ids.map((id) => id.replace(/^0/, "f"));
      if (host === "jaeger:16686") return { data: others.map(bad) };
      return { data: { resultType: "streams", result: others.map((id) => ({ stream: { trace_id: id }, values: [["1", "x"]] })) } };
    }),
    /20 of 20 sampled requests were not found$/,
  ],
  [
    "nobody ends to answer",
    { fetch: (_url, init) => new Promise((_, reject) => init?.signal?.addEventListener("abort", () => reject(new Error("timed out")))) },
    /timed out$/,
  ],
  ["half of it was not kept", stores({ has: ids.slice(0, 10) }), /10 of 20 sampled requests were not found$/],
];

describe("what cannot be read", () => {
  test.each(unread)("is a note, where %s, and the verdict stays", async (_sentence, fake, note) => {
    const told = await lookedUp(report, fake, addresses, 2);
    expect(told.notes.slice(report.notes.length)).toEqual([expect.stringMatching(note), expect.stringMatching(note)]);
    expect([told.verdict, told.exitCode, told.objectives]).toEqual([report.verdict, report.exitCode, report.objectives]);
  });

  test.each([
    ["without a failing request", metReport(), addresses],
    ["without an address", report, {}],
    ["with another sort of trace id", { ...report, samples: [madeUpSample(60, { traceId: "Root=1-5759e988-bd862e3f" })] }, addresses],
  ])("is not asked for %s", async (_sentence, of, where) => {
    const { asked, ...fake } = stores();
    expect(await lookedUp(of, fake, where)).toBe(of);
    expect(asked).toEqual([]);
  });
});
