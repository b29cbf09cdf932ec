import exec from "k6/execution";
import type { Response } from "k6/http";
import { withoutSecrets } from "./secrets.ts";

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
/** How much of an answer is looked at, and how much of it is sent. */
const [readCharacters, sentCharacters] = [2000, 300];

let sent = 0;

/**
 * Keeps samples of one route. Each bad request draws a number; of all in a run those with the least are kept, so that each has the same chance.
 * A VU sends its first of a sort, so that what is rare is never lost, and then only what may still be among the least of all VUs:
 * some hundred lines a sort, however many VUs there are and however many requests fail.
 */
export function routeSamples(method: string, route: string) {
  const seen = new Map<string, number>();
  return (kind: SampleKind, response: Response): void => {
    const sort = `${kind} ${response.status} ${response.status === 0 ? response.error_code : ""}`;
    const nth = (seen.get(sort) ?? 0) + 1;
    seen.set(sort, nth);
    const draw = Math.random();
    if (sent >= mostOfVu || (nth > 1 && draw * nth * exec.instance.vusInitialized > kept * margin)) return;
    sent += 1;
    console.info(`plimsoll-sample ${JSON.stringify(sampleOf(draw, method, route, kind, response))}`);
  };
}

function sampleOf(draw: number, method: string, route: string, kind: SampleKind, response: Response) {
  const { status, timings, headers } = response;
  const seconds = (milliseconds: number): number => Math.round(milliseconds * 1000) / 1e6;
  return {
    draw,
    atSeconds: Date.now() / 1000,
    scenario: scenarioName(),
    method: method.slice(0, 20),
    route: route.slice(0, 200),
    path: withoutSecrets(pathOf(response.url)).slice(0, 200),
    kind,
    status,
    error: withoutSecrets(response.error).slice(0, 200),
    errorCode: response.error_code,
    durationSeconds: seconds(timings.duration),
    phasesSeconds: {
      blocked: seconds(timings.blocked),
      connecting: seconds(timings.connecting),
      tls: seconds(timings.tls_handshaking),
      sending: seconds(timings.sending),
      waiting: seconds(timings.waiting),
      receiving: seconds(timings.receiving),
    },
    requestId: headerOf(headers, ["X-Request-Id", "Request-Id", "X-Correlation-Id"]),
    traceId: traceIdOf(headers, response.request?.headers),
    answer: beginningOf(response.body),
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

const pathOf = (url: string): string => url.replace(/^[a-z]+:\/\/[^/?#]*/i, "") || "/";

function headerOf(headers: Record<string, string>, names: readonly string[]): string {
  const name = names.find((each) => headers[each] !== undefined);
  return name === undefined
    ? ""
    : String(headers[name])
        .replace(/[^\w.:=-]/g, "")
        .slice(0, 100);
}

/** Finds the trace by the answer's headers, or by the traceparent that the request carried (W3C Trace Context). */
function traceIdOf(headers: Record<string, string>, asked: Record<string, string[]> | undefined): string {
  const parent = headers["Traceparent"] ?? asked?.["Traceparent"]?.[0] ?? "";
  const [, id] = /^[\da-f]{2}-([\da-f]{32})-/.exec(parent) ?? [];
  return id ?? headerOf(headers, ["X-Trace-Id", "X-B3-Traceid", "X-Amzn-Trace-Id"]);
}

/** Gives the beginning of an answer that is text, without secrets; of another its length. */
function beginningOf(body: Response["body"]): string {
  if (body === null || body === undefined) return "";
  const text = typeof body === "string" ? body.slice(0, readCharacters) : textOf(body);
  if (/[\u0000-\u0008\u000e-\u001f\ufffd]/.test(text))
    return `(${typeof body === "string" ? body.length : body.byteLength} bytes that are no text)`;
  return withoutSecrets(text).slice(0, sentCharacters);
}

/** Reads UTF-8 by hand: k6 has no TextDecoder. A character that is cut off at the end is left out; what is no UTF-8 reads as U+FFFD. */
function textOf(bytes: ArrayBuffer): string {
  const view = new Uint8Array(bytes, 0, Math.min(bytes.byteLength, readCharacters));
  const escaped = Array.from(view, (byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
  try {
    return decodeURIComponent(escaped.replace(/(?:%[c-f][\da-f](?:%[89ab][\da-f])*)$/, ""));
  } catch {
    return "\ufffd";
  }
}
