import { z } from "zod";
import type { Count } from "../collect/measurement.ts";
import type { Span } from "../collect/traces.ts";
import { overRepresented } from "./hypergeometric.ts";
import { count } from "./verdict.ts";

/** What spans of bad requests say more often than those of good ones. */
export const attribute = z.strictObject({
  /** Of which span: "put buckets"; empty where requests of other routes were compared, whose spans have other names. */
  span: z.string(),
  key: z.string(),
  value: z.string(),
  /** Requests, and how many of them are bad: those with the attribute, and all that were compared. */
  with: count,
  all: count,
  /** Chance of so many bad ones among them, corrected for all that was looked at. */
  p: z.number(),
});
type Attribute = z.infer<typeof attribute>;

/** What only says again that a request was bad, is of one request alone, or is about how spans are made. */
const told =
  /^(?:error(?:\.type)?|otel\.|span\.kind|internal\.|telemetry\.|http\.response\.status_code|url\.(?:path|query|full)|.*(?:request[._]?id|trace[._]?id|span[._]?id)$)/i;

function attributesOf(trace: readonly Span[], bySpan: boolean): Set<string> {
  return new Set(
    trace.flatMap(({ name, attributes }) =>
      Object.entries(attributes).flatMap(([key, value]) => (told.test(key) ? [] : [JSON.stringify([bySpan ? name : "", key, value])])),
    ),
  );
}

/**
 * Compares the spans of bad requests with those of good ones, as TraceQL's `compare` does, by Fisher's exact test of each attribute and value, corrected
 * for their number. How many of either were kept does not matter, as long as chance chose among the bad ones and among the good ones.
 */
export function overRepresentedAttributes(
  bad: readonly (readonly Span[])[],
  good: readonly (readonly Span[])[],
  alpha: number,
  bySpan = true,
): Attribute[] {
  const all: Count = { bad: bad.length, total: bad.length + good.length };
  const counts = new Map<string, Count>();
  for (const [i, trace] of [...bad, ...good].entries())
    for (const key of attributesOf(trace, bySpan)) {
      const before = counts.get(key) ?? { bad: 0, total: 0 };
      counts.set(key, { bad: before.bad + (i < bad.length ? 1 : 0), total: before.total + 1 });
    }
  const found = [...counts].flatMap(([text, part]): Attribute[] => {
    const p = Math.min(1, overRepresented(part, all) * counts.size);
    const [span = "", key = "", value = ""] = JSON.parse(text) as string[];
    return p <= alpha ? [{ span, key, value, with: part, all, p }] : [];
  });
  return found.toSorted((a, b) => a.p - b.p || b.with.bad - a.with.bad);
}
