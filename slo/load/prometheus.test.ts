import { expect, test } from "vitest";
import { plimsollMetrics } from "../spec/names.ts";
import { inTurn, startReceiver } from "../run/relay/destination.fixture.ts";
import { readBody } from "../run/relay/body.ts";
import { writeSamples } from "./prometheus.ts";

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
