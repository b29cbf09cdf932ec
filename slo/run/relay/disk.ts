import { statfsSync } from "node:fs";
import { usualLimitBytes } from "./relay.ts";
import { usualKept } from "./spool.ts";

/** What our scenarios push in a second: 3 kB were measured, and more series and buckets come with more load. */
const pushedBytesPerSecond = 6000;
/** Less is not worth a sentence. */
const fewBytes = 10e6;

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6).toLocaleString("en")} MB`;

/** Says before a load how much disk its samples take, where that is much or more than is free. */
export function diskSentences(loadSeconds: number | undefined, folder: string): string[] {
  const { bavail, bsize } = statfsSync(folder);
  return diskNeeds(loadSeconds, bavail * bsize);
}

/** Says what samples take while Prometheus takes them, and when it takes none; `loadSeconds` is undefined where the length is not known. */
export function diskNeeds(loadSeconds: number | undefined, freeBytes: number): string[] {
  const all = (loadSeconds ?? Infinity) * pushedBytesPerSecond;
  const most = Math.min(all, usualLimitBytes);
  if (most < fewBytes && most < freeBytes) return [];
  const usual = megabytes(Math.min(all, 2 * usualKept * pushedBytesPerSecond));
  const hours = Math.floor(usualLimitBytes / pushedBytesPerSecond / 3600);
  const limit = all > most ? `, its limit, after about ${hours} h` : "";
  return [
    `samples on disk: about ${usual} at most, and up to ${megabytes(most)}${limit} while Prometheus does not take them`,
    ...(freeBytes < most ? [`only ${megabytes(freeBytes)} are free there: samples may be lost when Prometheus is away`] : []),
  ];
}
