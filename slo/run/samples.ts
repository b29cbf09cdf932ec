import { z } from "zod";
import { isJudgedScenario } from "../spec/names.ts";

const text = (most: number) => z.string().max(most);
const seconds = z.number();

/** A request that failed or was slow, as the scenario's client saw it, without secrets (scenarios/lib/samples.ts). */
export const sampleSchema = z.strictObject({
  /** Drawn by chance: of all in a run those with the least are kept. */
  draw: z.number(),
  /** When its answer was there, Unix seconds. */
  atSeconds: seconds,
  scenario: text(200),
  method: text(20),
  route: text(200),
  path: text(200),
  kind: z.enum(["answer", "wrongContents", "slow"]),
  /** 0 where no answer came. */
  status: z.number(),
  error: text(200),
  errorCode: z.number(),
  durationSeconds: seconds,
  phasesSeconds: z.strictObject({
    blocked: seconds,
    connecting: seconds,
    tls: seconds,
    sending: seconds,
    waiting: seconds,
    receiving: seconds,
  }),
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

/** Collects the samples of judged load from what k6 logs; what is none is left out. */
export function openSamples() {
  let samples: Sample[] = [];
  return {
    take(message: string): void {
      if (!message.startsWith(mark)) return;
      const read = sampleSchema.safeParse(parsed(message.slice(mark.length)));
      if (!read.success || !isJudgedScenario(read.data.scenario)) return;
      samples.push(read.data);
      if (samples.length >= 4 * most.ofSort * most.sorts) samples = fairSamples(samples);
    },
    all: (): Sample[] => fairSamples(samples),
  };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
