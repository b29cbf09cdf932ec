import { closeSync, constants, fdatasyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { jsonOf } from "../../host/json-of.ts";
import { saidLine } from "../../report/plain.ts";

/** What became of pushes that are lost, on disk, so that a run judged later knows what the run itself knew. */
export type Rejected = ReturnType<typeof openRejected>;

const lossSchema = z.strictObject({ what: z.enum(["refused", "lost"]), reason: z.string(), times: z.int().positive() });
type Loss = z.infer<typeof lossSchema>;

/** Room taken at the start, so that a loss can be noted on a full disk as well. It holds what there can be: 300 characters of at most 6 bytes a reason. */
const roomBytes = 16 * 1024;
/** Of each kind; what comes after is counted in sum. */
const mostReasons = 3;
const otherReasons = "other reasons";

/** Opens the list in a folder; throws what the system says when it cannot be written. */
export function openRejected(folder: string) {
  const path = join(folder, "rejected");
  const file = openSync(path, constants.O_RDWR | constants.O_CREAT);
  const text = readFileSync(path, "utf8").trim();
  const kept = text === "" ? [] : jsonOf(z.array(lossSchema), () => text);
  const rejected = kept ?? [];
  const caveats = kept ? [] : [`the list of lost pushes in ${path} cannot be read`];
  const save = (): void => {
    const room = Buffer.alloc(roomBytes, " ");
    room.write(JSON.stringify(rejected));
    for (let at = 0; at < roomBytes;) at += writeSync(file, room, at, roomBytes - at, at);
  };
  save();
  return {
    /** Counts a push: `refused` by the destination, for good, or `lost`, never taken by the relay. Gives how often that has now happened. */
    add(what: Loss["what"], why: string): number {
      const short = saidLine(why);
      const known = rejected.filter((loss) => loss.what === what);
      const reason = known.length < mostReasons || known.some((loss) => loss.reason === short) ? short : otherReasons;
      const loss = known.find((one) => one.reason === reason) ?? { what, reason, times: 0 };
      if (loss.times === 0) rejected.push(loss);
      loss.times += 1;
      try {
        save();
        if (loss.times === 1) fdatasyncSync(file);
      } catch {
        // it stays in memory, and the next one writes all
      }
      return loss.times;
    },
    caveats: (): string[] => [...caveats, ...rejected.map(sentenceOf)],
    close: (): void => closeSync(file),
  };
}

function sentenceOf({ what, reason, times }: Loss): string {
  const pushes = times === 1 ? "1 push" : `${times} pushes`;
  return what === "refused"
    ? `Prometheus refused ${pushes} for good: ${reason}`
    : `${pushes} ${times === 1 ? "was" : "were"} lost: ${reason}`;
}
