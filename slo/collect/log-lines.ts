import { z } from "zod";
import type { Answer } from "./prometheus.ts";
import { askJson, type TelemetryApi } from "./traces.ts";

const nanoseconds = z.string().regex(/^\d+$/);

/** Loki's answer to a query of lines: streams by their labels, each line with its time in nanoseconds. */
export const streamsSchema = z.object({
  data: z.object({
    resultType: z.literal("streams"),
    result: z.array(
      z.object({ stream: z.record(z.string(), z.string()), values: z.array(z.tuple([nanoseconds, z.string()]).rest(z.unknown())) }),
    ),
  }),
});

/** Where the lines of a trace are found: Loki's label for the service, and the trace id that OTLP gives each line. */
export const linesQuery = (service: string, ids: readonly string[]): string =>
  `{service_name=${JSON.stringify(service)}} | trace_id=~${JSON.stringify(ids.join("|"))}`;

export function linesPath(service: string, ids: readonly string[], fromSeconds: number, toSeconds: number): string {
  const [start, end] = [fromSeconds, toSeconds].map((seconds) => String(Math.round(seconds * 1e9)));
  const form = { query: linesQuery(service, ids), start: start ?? "", end: end ?? "", limit: "1000", direction: "forward" };
  return `/loki/api/v1/query_range?${new URLSearchParams(form)}`;
}

/** Reads the log lines of traces from Loki, earliest first. */
export async function readLines(
  api: TelemetryApi,
  service: string,
  ids: readonly string[],
  [fromSeconds, toSeconds]: readonly [number, number],
): Promise<Answer<Map<string, string[]>>> {
  const asked = await askJson(api, linesPath(service, ids, fromSeconds, toSeconds), streamsSchema);
  if (asked.kind === "failed") return asked;
  const lines = asked.value.data.result.flatMap(({ stream, values }) =>
    values.map(([at, line]) => ({ id: stream["trace_id"] ?? "", at: BigInt(at), line })),
  );
  const sorted = lines.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  return { kind: "answer", value: new Map([...Map.groupBy(sorted, ({ id }) => id)].map(([id, of]) => [id, of.map(({ line }) => line)])) };
}
