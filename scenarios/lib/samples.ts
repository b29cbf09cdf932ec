import encoding from "k6/encoding";
import exec from "k6/execution";
import type { Response } from "k6/http";

/** What k6 offers without import, and its types leave out. */
declare const console: { info: (text: string) => void };

/** How a request was bad: an answer that was not expected, or none; one with wrong contents; one that took too long. */
export type SampleKind = "answer" | "wrongContents" | "slow";

/** How many samples of one sort (a route and what became of it) are kept of a run; the command keeps no more (slo/run/samples.ts). */
const kept = 20;
/** How many times as many are sent as will be kept: what one VU has seen tells only about how many there are in all. */
const margin = 3;
/** How many one VU sends in all, whatever a script does with the names of its routes. */
const mostOfVu = 1000;
/** How much is sent of a text, or of an answer of bytes; less of it is kept. */
const mostCharacters = 1000;

/** Only the command reads samples, masks secrets in them and keeps them out of the log; a k6 that somebody else runs writes none. */
const isAsked = __ENV["PLIMSOLL_SAMPLES"] === "1";
let sent = 0;

/**
 * Keeps samples of one route. Each bad request draws a number; of all in a run those with the least are kept, so that each has the same chance.
 * A VU sends its first of a sort, so that what is rare is never lost, and then only what may still be among the least of all VUs:
 * some hundred lines a sort, however many VUs there are and however many requests fail.
 */
export function routeSamples(method: string, route: string) {
  const seen = new Map<string, number>();
  if (!isAsked) return (): void => undefined;
  return (kind: SampleKind, response: Response): void => {
    const sort = `${kind} ${response.status} ${response.status === 0 ? response.error_code : ""}`;
    const nth = (seen.get(sort) ?? 0) + 1;
    seen.set(sort, nth);
    const draw = Math.random();
    if (sent >= mostOfVu || (nth > 1 && draw * nth * vusAtWork() > kept * margin)) return;
    sent += 1;
    console.info(`plimsoll-sample ${JSON.stringify(sampleOf(draw, method, route, kind, response))}`);
  };
}

/** Estimates how many VUs share a scenario's iterations, by this one's share: an arrival rate keeps VUs ready that hardly work. */
function vusAtWork(): number {
  try {
    return (exec.scenario.iterationInInstance + 1) / (exec.vu.iterationInScenario + 1);
  } catch {
    return exec.instance.vusInitialized; // setup() and teardown() are of no scenario
  }
}

/** Gathers what is known of a request as it is: whoever reads it shortens and cleans it, which would cost each VU its own expressions. */
function sampleOf(draw: number, method: string, route: string, kind: SampleKind, response: Response) {
  const { status, timings, headers, body, request } = response;
  const cut = (text: string): string => text.slice(0, mostCharacters);
  return {
    draw,
    atSeconds: Date.now() / 1000,
    scenario: scenarioName(),
    method: cut(method),
    route: cut(route),
    url: cut(response.url),
    kind,
    status,
    error: cut(response.error),
    errorCode: response.error_code,
    milliseconds: {
      duration: timings.duration,
      blocked: timings.blocked,
      connecting: timings.connecting,
      tls: timings.tls_handshaking,
      sending: timings.sending,
      waiting: timings.waiting,
      receiving: timings.receiving,
    },
    requestId: cut(headers["X-Request-Id"] ?? headers["Request-Id"] ?? headers["X-Correlation-Id"] ?? ""),
    traceparent: cut(headers["Traceparent"] ?? request?.headers?.["Traceparent"]?.[0] ?? ""),
    traceId: cut(headers["X-Trace-Id"] ?? headers["X-B3-Traceid"] ?? headers["X-Amzn-Trace-Id"] ?? ""),
    // What a slow one answered is as it should be, and may hold what is nobody else's business.
    answer: kind !== "slow" && typeof body === "string" ? cut(body) : "",
    answerBase64: kind !== "slow" && typeof body === "object" && body !== null ? encoding.b64encode(body.slice(0, mostCharacters)) : "",
  };
}

/** A scenario is named only where one runs: setup and teardown have none. */
function scenarioName(): string {
  try {
    return exec.scenario.name;
  } catch {
    return "";
  }
}
