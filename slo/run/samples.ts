import { z } from "zod";
import { jsonOf } from "../host/json-of.ts";
import { maskSecrets } from "../host/mask-secrets.ts";
import { isJudgedScenario } from "../spec/names.ts";

const text = (most: number) => z.string().max(most);

/** What is the same in a sample as it is sent (scenarios/lib/samples.ts) and as it is kept. */
const common = {
  /** Drawn by chance: of all in a run those with the least are kept. */
  draw: z.number(),
  /** When its answer was there, Unix seconds. */
  atSeconds: z.number(),
  scenario: text(1000),
  kind: z.enum(["answer", "wrongContents", "slow"]),
  /** 0 where no answer came. */
  status: z.number(),
  errorCode: z.number(),
};
const phases = {
  blocked: z.number(),
  connecting: z.number(),
  tls: z.number(),
  sending: z.number(),
  waiting: z.number(),
  receiving: z.number(),
};

const sentSchema = z.strictObject({
  ...common,
  method: text(1000),
  route: text(1000),
  url: text(1000),
  error: text(1000),
  milliseconds: z.strictObject({ duration: z.number(), ...phases }),
  requestId: text(1000),
  traceparent: text(1000),
  traceId: text(1000),
  answer: text(1000),
  answerBase64: text(2000),
});

/** A request that failed or was slow, as the scenario's client saw it: short, and without what is likely a secret. */
export const sampleSchema = z.strictObject({
  ...common,
  method: text(20),
  route: text(200),
  path: text(200),
  error: text(200),
  durationSeconds: z.number(),
  phasesSeconds: z.strictObject(phases),
  requestId: text(100),
  traceId: text(100),
  /** The beginning of what was answered, where it was text. */
  answer: text(300),
});
export type Sample = z.infer<typeof sampleSchema>;

/** How many are kept of one route and outcome, of how many of these, and how many characters in all. */
const most = { ofSort: 20, sorts: 100, characters: 256 * 1024 };

const sortOf = ({ method, route, kind, status, errorCode }: Sample): string =>
  JSON.stringify([method, route, kind, status, status === 0 ? errorCode : ""]);

/** Keeps of each sort those with the least draws, fewer of each where all together are too large. */
export function fairSamples(samples: readonly Sample[]): Sample[] {
  const sorts = [...Map.groupBy(samples, sortOf).values()].slice(0, most.sorts).map((sort) => sort.toSorted((a, b) => a.draw - b.draw));
  for (let ofSort = most.ofSort; ; ofSort = Math.floor(ofSort / 2)) {
    const kept = sorts.flatMap((sort) => sort.slice(0, Math.max(1, ofSort)));
    if (ofSort <= 1 || JSON.stringify(kept).length <= most.characters) return kept.toSorted((a, b) => a.atSeconds - b.atSeconds);
  }
}

const mark = "plimsoll-sample ";

/** Tells whether a line that k6 wrote is a sample, and no log of the user's. */
export const isSampleLine = (line: string): boolean => line.startsWith('{"level":"info"') && line.includes(`"msg":"${mark}`);

/** Shortens what was sent, and masks what is likely a secret in it. */
function kept(sent: z.infer<typeof sentSchema>): Sample {
  const { url, milliseconds, traceparent, answer, answerBase64, ...rest } = sent;
  const { duration, ...times } = milliseconds;
  const decoded = Buffer.from(answerBase64, "base64").toString("utf8"); // of which the last character may be cut
  const seconds = (one: number): number => Math.round(one * 1000) / 1e6;
  const id = (text: string): string => text.replace(/[^\w.:=-]/g, "").slice(0, 100);
  // W3C Trace Context: version, trace, parent, flags.
  const [, trace] = /^[\da-f]{2}-([\da-f]{32})-/.exec(traceparent) ?? [];
  return {
    ...rest,
    method: rest.method.slice(0, 20),
    route: maskSecrets(rest.route).slice(0, 200),
    path: maskSecrets(url.replace(/^[a-z]+:\/\/[^/?#]*/i, "") || "/").slice(0, 200),
    error: maskSecrets(rest.error).slice(0, 200),
    durationSeconds: seconds(duration),
    phasesSeconds: Object.fromEntries(Object.entries(times).map(([phase, one]) => [phase, seconds(one)])) as Sample["phasesSeconds"],
    requestId: id(rest.requestId),
    traceId: trace ?? id(rest.traceId),
    answer: beginningOf(answerBase64 === "" ? answer : decoded.replace(/\ufffd$/, "")),
  };
}

function beginningOf(answer: string): string {
  return /[\u0000-\u0008\u000e-\u001f\ufffd]/.test(answer) ? "(no text)" : maskSecrets(answer).slice(0, 300);
}

/** Collects the samples of judged load from what k6 logs; what is none is left out. */
export function openSamples() {
  let samples: Sample[] = [];
  return {
    take(message: string): void {
      if (!message.startsWith(mark)) return;
      const sent = jsonOf(sentSchema, () => message.slice(mark.length));
      if (sent === undefined || !isJudgedScenario(sent.scenario)) return;
      samples.push(kept(sent));
      if (samples.length >= 4 * most.ofSort * most.sorts) samples = fairSamples(samples);
    },
    all: (): Sample[] => fairSamples(samples),
  };
}
