import { z } from "zod";

const number = z.number();

const phases = { blocked: number, connecting: number, tls: number, sending: number, waiting: number, receiving: number };
const span = z.strictObject({
  service: z.string(),
  name: z.string(),
  startSeconds: number,
  durationSeconds: number,
  isError: z.boolean(),
  /** Secrets in them are masked. */
  attributes: z.record(z.string(), z.string()),
});
/** A request that failed or was slow, with what was found of it. */
export const sample = z.strictObject({
  atSeconds: number,
  scenario: z.string(),
  method: z.string(),
  route: z.string(),
  /** Secrets in it are masked, as in the error and the answer. */
  path: z.string(),
  kind: z.enum(["answer", "wrongContents", "slow"]),
  /** 0 where no answer came; then k6 says why. */
  status: number,
  error: z.string(),
  errorCode: number,
  durationSeconds: number,
  phasesSeconds: z.strictObject(phases),
  requestId: z.string(),
  traceId: z.string(),
  /** The beginning of what was answered, where it was text. */
  answer: z.string(),
  /** What the service logged of the request: a target that was started here, or what the logs that could be asked hold. */
  log: z.array(z.string()),
  /** Its first spans, earliest first, and where trace and log lines are shown; absent where nobody could be asked. */
  spans: z.array(span).optional(),
  traceUrl: z.string().optional(),
  logUrl: z.string().optional(),
});
