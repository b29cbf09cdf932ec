import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { errorMessage } from "../host/error-message.ts";
import { jsonOf } from "../host/json-of.ts";
import type { Answer, PrometheusApi } from "./prometheus.ts";

const pausesMillis = [200, 600, 1800];

/** Gives a way to Prometheus that asks again where an answer did not come or was cut off. What has no answer even then is unknown, never zero, and `unread` says why. */
export function steadyReads(api: PrometheusApi, pauses: readonly number[] = pausesMillis) {
  let unread: string | undefined;
  const ask = async (input: Parameters<typeof fetch>[0], init: RequestInit | undefined, [pause, ...later] = pauses): Promise<Response> => {
    const got = await attempt(api, input, init);
    if (got.kind === "answer") return got.value;
    if (pause === undefined) {
      unread = got.reason;
      throw new Error(got.reason);
    }
    await sleep(pause);
    return ask(input, init, later);
  };
  const steady: PrometheusApi = { ...api, fetch: (input, init) => ask(input, init) };
  return { api: steady, unread: () => unread };
}

async function attempt(api: PrometheusApi, input: Parameters<typeof fetch>[0], init: RequestInit | undefined): Promise<Answer<Response>> {
  try {
    const response = await api.fetch(input, { ...init, signal: AbortSignal.timeout(api.timeoutSeconds * 1000) });
    const text = await response.text();
    if (isOfPrometheus(text)) return { kind: "answer", value: new Response(text, { status: response.status }) };
    return { kind: "failed", reason: response.ok ? "its answer was cut off" : `it answered ${response.status}` };
  } catch (error) {
    return { kind: "failed", reason: errorMessage(error) };
  }
}

/** Tells a whole answer of the API, a refused query too, from a proxy's page and from a part of one. */
const isOfPrometheus = (text: string): boolean => jsonOf(z.object({ status: z.string() }), () => text) !== undefined;
