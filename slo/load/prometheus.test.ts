import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { answerOf, queryNumber } from "../collect/prometheus.ts";
import { plimsollMetrics } from "../spec/names.ts";
import { inTurn, startReceiver } from "../run/relay/destination.fixture.ts";
import { readBody } from "../run/relay/body.ts";
import { prometheusAt, writeSamples } from "./prometheus.ts";

const sample = (name: string, atMillis: number) => ({ labels: { __name__: name }, value: 1, atMillis });
const samples = [sample(plimsollMetrics.runVerdict, 5000), sample(plimsollMetrics.events, 4000), sample(plimsollMetrics.events, 5140)];

test.each<[string, number[], string, string | undefined]>([
  ["a verdict and the counts over time are two writes, the verdict first, though a count is later than it", [], "", undefined],
  ["counts that are there already, from an earlier verdict, are no trouble", [204, 400], "out of order sample", undefined],
  ["counts that are refused for another reason are said", [204, 400], "no such tenant", "no such tenant"],
])("%s", async (_, statuses, text, reason) => {
  const receiver = await startReceiver(inTurn(statuses, text));
  try {
    const said = await writeSamples({ url: receiver.url }, samples, 5000);
    if (reason === undefined) expect(said).toBeUndefined();
    else expect(said).toContain(reason);
    const written = receiver.bodies.map((body) => readBody(body));
    expect(written.map((body) => (body.kind === "body" ? body.series.map(({ labels }) => labels["__name__"]) : body.kind))).toEqual([
      [plimsollMetrics.runVerdict],
      [plimsollMetrics.events, plimsollMetrics.events],
    ]);
  } finally {
    await receiver.stop();
  }
});

test.each([
  ["below its URL", undefined, "http://prometheus:9090/base", "http://prometheus:9090/base/api/v1/write"],
  ["at a path of its own, as of Mimir", "/api/v1/push", "http://mimir:8080/prometheus/", "http://mimir:8080/api/v1/push"],
  ["beside what is asked, as of Grafana Cloud", "push", "https://example.net/api/prom", "https://example.net/api/prom/push"],
])("samples are written %s", (_, write, url, to) => {
  expect(prometheusAt(url, { headers: {}, ...(write ? { write } : {}) }).destination.url).toBe(to);
});

test("a redirect is a reason that names the address, and no header goes there", async () => {
  let wentAlong = 0;
  const other = createServer((_, response) => {
    wentAlong += 1;
    response.end();
  });
  await new Promise<void>((ready) => other.listen(0, "127.0.0.1", ready));
  const elsewhere = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  const server = createServer(({ url }, response) => response.writeHead(307, { location: `${elsewhere}/base${url}` }).end());
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  try {
    const { api } = prometheusAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { headers: { "X-Key": "secret" } });
    const reason = `Prometheus answers with a redirect to ${elsewhere}/base, which is not followed: give that address if it is Prometheus`;
    expect(await answerOf(() => queryNumber(api, { promql: "up" }, 1))).toEqual({ kind: "failed", reason });
    expect(wentAlong).toBe(0);
  } finally {
    server.close();
    other.close();
  }
});
