import { setTimeout as sleep } from "node:timers/promises";
import { errorMessage } from "../host/error-message.ts";
import { parseJson, type PrometheusApi } from "./prometheus.ts";

/** The way to a Prometheus for reads that come once; `unread` is why one of them never had an answer. */
export interface SteadyReads {
  api: PrometheusApi;
  unread: () => string | undefined;
}

const pausesMillis = [200, 600, 1800];

/** Asks again where an answer did not come or was cut off. What has no answer even then is unknown, never zero. */
export function steadyReads(api: PrometheusApi, pauses: readonly number[] = pausesMillis): SteadyReads {
  let unread: string | undefined;
  const steadyFetch: typeof fetch = async (input, init) => {
    for (const pause of pauses) {
      const got = await attempt(api, input, init);
      if (got.kind === "answer") return got.response;
      await sleep(pause);
    }
    const last = await attempt(api, input, init);
    if (last.kind === "answer") return last.response;
    unread = last.reason;
    throw new Error(last.reason);
  };
  return { api: { ...api, fetch: steadyFetch }, unread: () => unread };
}

type Attempt = { kind: "answer"; response: Response } | { kind: "none"; reason: string };

async function attempt(api: PrometheusApi, input: Parameters<typeof fetch>[0], init: RequestInit | undefined): Promise<Attempt> {
  try {
    const response = await api.fetch(input, { ...init, signal: AbortSignal.timeout(api.timeoutSeconds * 1000) });
    const text = await response.text();
    if (isOfPrometheus(text)) return { kind: "answer", response: new Response(text, { status: response.status }) };
    return { kind: "none", reason: response.ok ? "its answer was cut off" : `it answered ${response.status}` };
  } catch (error) {
    return { kind: "none", reason: errorMessage(error) };
  }
}

/** Tells a whole answer of the API, a refused query too, from a proxy's page and from a part of one. */
function isOfPrometheus(text: string): boolean {
  const answer = parseJson(text);
  return typeof answer === "object" && answer !== null && "status" in answer;
}
