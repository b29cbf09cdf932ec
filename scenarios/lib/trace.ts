/** The run that a request is of, where `load` says so; a k6 that somebody else runs marks nothing. */
const testid = __ENV["PLIMSOLL_TESTID"];

/** Names the run to whoever serves a request: W3C baggage. */
export const runHeaders: Readonly<Record<string, string>> = testid === undefined ? {} : { baggage: `plimsoll.testid=${testid}` };

/** Eight hexadecimal digits, by chance. One number a piece: more digits of one would cost k6 more than a second number. */
const piece = (): string => (0x1_0000_0000 + Math.floor(Math.random() * 0x1_0000_0000)).toString(16).slice(1);

/**
 * Makes the function that marks headers with a trace of their own, sampled: W3C Trace Context, level 1. Half of an id is the VU's, so that k6 draws
 * only the half that samplers look at; what calls a service is no span of anybody's, so its id is that half, too.
 */
export function tracer(headers: Record<string, string>): () => void {
  if (testid === undefined || Object.keys(headers).some((name) => name.toLowerCase() === "traceparent")) return () => undefined;
  const start = `00-${piece()}${piece()}`;
  return () => {
    const own = piece() + piece();
    headers["traceparent"] = `${start}${own}-${own}-01`;
  };
}
