import { z } from "zod";
import { errorMessage } from "../host/error-message.ts";
import type { Answer } from "./prometheus.ts";

/** Where traces or logs are asked for, and until when (milliseconds, as `performance.now()` counts). */
export interface TelemetryApi {
  url: string;
  fetch: typeof fetch;
  until: number;
}

const tags = z.array(z.object({ key: z.string(), value: z.union([z.string(), z.number(), z.boolean()]) })).default([]);
const traceSchema = z.object({
  traceID: z.string(),
  spans: z.array(z.object({ operationName: z.string(), startTime: z.number(), duration: z.number(), processID: z.string(), tags })),
  processes: z.record(z.string(), z.object({ serviceName: z.string(), tags })),
});
const answerSchema = z.object({
  data: z.array(traceSchema).nullable(),
  errors: z.array(z.object({ code: z.number().optional(), msg: z.string() })).nullish(),
});

const attributesOf = (list: z.infer<typeof tags>): [string, string][] => list.map(({ key, value }) => [key, String(value)]);

/** Reads the spans of a trace, earliest first; attributes as text, those of whoever did it among them. */
function spansOf({ traceID, spans, processes }: z.infer<typeof traceSchema>) {
  const all = spans.map(({ operationName, startTime, duration, processID, tags: own }) => {
    const process = processes[processID];
    const attributes = Object.fromEntries([...attributesOf(process?.tags ?? []), ...attributesOf(own)]);
    return {
      traceId: traceID.padStart(32, "0"), // it leaves zeros out
      service: process?.serviceName ?? "",
      name: operationName,
      startSeconds: startTime / 1e6,
      durationSeconds: duration / 1e6,
      isError: attributes["error"] === "true",
      attributes,
    };
  });
  return all.toSorted((a, b) => a.startSeconds - b.startSeconds || b.durationSeconds - a.durationSeconds);
}

export type Span = ReturnType<typeof spansOf>[number];

/** Larger than a hundred traces are; what came of a larger one would take the memory that the rest of the run needs. */
const mostCharacters = 32 * 1024 * 1024;

async function textOf({ body }: Response): Promise<string> {
  const parts: string[] = [];
  let characters = 0;
  for await (const part of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    if ((characters += part.length) > mostCharacters) throw new Error(`its answer is larger than ${mostCharacters} characters`);
    parts.push(part);
  }
  return parts.join("");
}

export async function askJson<T extends z.ZodType>(
  { url, fetch: get, until }: TelemetryApi,
  path: string,
  schema: T,
): Promise<Answer<z.output<T>>> {
  const left = until - performance.now();
  if (left <= 0) return { kind: "failed", reason: "there was no time left" };
  try {
    const response = await get(`${url}${path}`, { headers: { accept: "application/json" }, signal: AbortSignal.timeout(Math.ceil(left)) });
    const text = await textOf(response);
    // Jaeger answers 404 in its own form where it has none of the traces.
    if (!response.ok && response.status !== 404)
      return { kind: "failed", reason: `${url} answers ${response.status}: ${text.slice(0, 200)}` };
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? { kind: "answer", value: parsed.data } : { kind: "failed", reason: `${url} answers in another form` };
  } catch (error) {
    return { kind: "failed", reason: `${url}: ${errorMessage(error)}` };
  }
}

async function askTraces(api: TelemetryApi, query: URLSearchParams): Promise<Answer<Map<string, Span[]>>> {
  const asked = await askJson(api, `/api/traces?${query}`, answerSchema);
  if (asked.kind === "failed") return asked;
  const traces = (asked.value.data ?? []).map(spansOf).filter(([first]) => first !== undefined);
  return { kind: "answer", value: new Map(traces.map((spans) => [spans[0]?.traceId ?? "", spans])) };
}

/** Reads traces by their ids, in Jaeger's own form; those that are not there are left out. */
export const readTraces = (api: TelemetryApi, ids: readonly string[]) =>
  askTraces(api, new URLSearchParams(ids.map((id): [string, string] => ["traceID", id])));

/** What traces are searched by; a search gives the latest of its time. */
export interface Search {
  service: string;
  /** Undefined: any. */
  operation: string | undefined;
  attributes: Record<string, string>;
  fromSeconds: number;
  toSeconds: number;
  atMost: number;
}

/** Searches traces in equal slices of time, so that those that are found are of all of it. */
export async function findTraces(api: TelemetryApi, search: Search, slices = 8): Promise<Answer<Map<string, Span[]>>> {
  const { service, operation, attributes, fromSeconds, toSeconds, atMost } = search;
  const width = (toSeconds - fromSeconds) / slices;
  const micros = (seconds: number): string => String(Math.round(seconds * 1e6));
  const found = new Map<string, Span[]>();
  for (let slice = 0; slice < slices; slice += 1) {
    const [start, end] = [fromSeconds + slice * width, fromSeconds + (slice + 1) * width].map(micros) as [string, string];
    const limit = String(Math.ceil(atMost / slices));
    const query = new URLSearchParams({ service, tags: JSON.stringify(attributes), start, end, limit });
    if (operation !== undefined) query.set("operation", operation);
    const answer = await askTraces(api, query);
    if (answer.kind === "failed") return answer;
    for (const [id, spans] of answer.value) found.set(id, spans);
  }
  return { kind: "answer", value: found };
}
