import { z } from "zod";
import { jsonOf } from "../../host/json-of.ts";
import { sentValue } from "../relay/sent-totals.ts";
import { healthSummary, k6Outcome } from "../record.ts";

/** What a load pod is given: the run, and its own share of it by its index. */
export const podConfigSchema = z.strictObject({
  /** A pod of another version does not take the config. */
  version: z.literal(2),
  testid: z.string(),
  pods: z.int().positive(),
  script: z.enum(["bundle.js", "archive.tar"]),
  isUserScript: z.boolean(),
  /** What `k6 inspect` said, cut down to the plan. */
  inspected: z.string(),
  environment: z.record(z.string(), z.string()),
  target: z.string(),
  prometheus: z.string(),
  /** How long a pod waits for the others. */
  barrierSeconds: z.number().positive(),
  settleLimitSeconds: z.number().positive(),
});
export type PodConfig = z.infer<typeof podConfigSchema>;

/** Metric name → its series, each with its last value. */
const sentSchema = z.record(z.string(), z.array(sentValue));

const endedSchema = z.strictObject({
  kind: z.literal("ended"),
  /** Prometheus's clock minus the pod's, seconds. */
  clockOffsetSeconds: z.number(),
  interrupted: z.boolean(),
  k6: k6Outcome,
  health: healthSummary,
  caveats: z.array(z.string()),
  sent: sentSchema,
  /** Why not all that was sent is in Prometheus; null when it is. */
  unflushed: z.string().nullable(),
});

const messageSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("ready") }),
  z.strictObject({ kind: z.literal("refused"), message: z.string() }),
  z.strictObject({ kind: z.literal("progress"), begunSeconds: z.number(), sent: sentSchema }),
  endedSchema,
]);
export type PodMessage = z.infer<typeof messageSchema>;
export type PodEnd = z.infer<typeof endedSchema>;

/** What is known of one pod of a run, as it is kept in the run's folder for a later verdict. */
export const podReportSchema = z.strictObject({
  index: z.int(),
  name: z.string().nullable(),
  /** Why it did not even begin. */
  refused: z.string().nullable(),
  begunSeconds: z.number().nullable(),
  /** All that it had sent when it last said so. */
  sent: sentSchema.nullable(),
  end: endedSchema.nullable(),
  /** How its container ended; exit code null where nobody knows. */
  ending: z.strictObject({ exitCode: z.number().nullable(), reason: z.string() }).nullable(),
});
export type PodReport = z.infer<typeof podReportSchema>;

const mark = "plimsoll-pod";
/** A container's log is kept in pieces of 16 KiB, and whoever reads it may cut long lines. */
const mostCharacters = 4000;

/** Writes a message as lines that stand out from the rest of a log; `id` tells messages of one pod apart. */
export function messageLines(message: PodMessage, id: number): string[] {
  const text = JSON.stringify(message);
  const pieces = Math.ceil(text.length / mostCharacters);
  const piece = (i: number): string => text.slice(i * mostCharacters, (i + 1) * mostCharacters);
  return Array.from({ length: pieces }, (_, i) => `${mark} ${id} ${i + 1}/${pieces} ${piece(i)}`);
}

/** Puts messages together from the lines of one pod's log; a line of another sort is `other`, half a message nothing. */
export function openMessageReader(): (line: string) => PodMessage | { kind: "other" } | undefined {
  const form = new RegExp(`^${mark} (\\d+) (\\d+)/(\\d+) (.*)$`, "s");
  let open: { id: string; pieces: string[] } = { id: "", pieces: [] };
  return (line) => {
    const [, id = "", at, of, piece = ""] = form.exec(line) ?? [];
    if (id === "") return { kind: "other" };
    if (at === "1") open = { id, pieces: [] };
    if (open.id !== id || open.pieces.length !== Number(at) - 1) return undefined;
    open.pieces.push(piece);
    if (at !== of) return undefined;
    return jsonOf(messageSchema, () => open.pieces.join(""));
  };
}
