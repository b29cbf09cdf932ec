import { streamsSchema } from "./log-lines.ts";

/** How many lines are asked for at once: 5,000 of ours, as Loki gives where nobody has set another limit, are more than the 4 MiB that its parts send each other. */
const page = 2_000;

/** Reads the request ids of every line of a run that Loki holds, page by page: how many lines there are, and which ids. */
export async function requestIdsOf(loki: string, testid: string, fromSeconds: number): Promise<{ lines: number; ids: Set<string> }> {
  const seen = new Set<string>();
  const ids = new Set<string>();
  for (let start = BigInt(Math.floor(fromSeconds)) * 1_000_000_000n; ;) {
    const form = {
      query: `{service_name="storage-api"} | plimsoll_testid="${testid}"`,
      start: String(start),
      end: `${Date.now()}000000`,
      limit: String(page),
      direction: "forward",
    };
    const response = await fetch(`${loki}/loki/api/v1/query_range?${new URLSearchParams(form)}`, { signal: AbortSignal.timeout(60_000) });
    if (!response.ok) throw new Error(`Loki answers ${response.status}: ${await response.text()}`);
    const { result } = streamsSchema.parse(await response.json()).data;
    let [count, last] = [0, start];
    for (const { stream, values } of result)
      for (const [at, line] of values) {
        count += 1;
        last = BigInt(at) > last ? BigInt(at) : last;
        seen.add(`${at} ${line}`);
        ids.add(stream["request_id"] ?? "");
      }
    // Lines of the last moment may be cut off: the next page begins with it again.
    if (count < page || last === start) return { lines: seen.size, ids };
    start = last;
  }
}
