import { fileURLToPath } from "node:url";
import { k6ExitCodes, k6ExitMeaning } from "../host/exit-codes.ts";

/** Says in words of a script's author what k6 has against the script, with file:line:column where that is known; `file` is what k6 read, a bundle or the script in its place. */
export function explainRefusal({ message, file, text }: Record<"message" | "file" | "text", string>): string {
  const [words = "", ...trace] = message.split("\n\tat ");
  // Thrown by our own scenarios for what a person typed: the place in the scenario would only confuse.
  if (words.startsWith("UsageError: ")) return words.slice("UsageError: ".length);
  if (trace.length === 0) return withOption(bare(words), text);
  const frames = trace.flatMap(frameOf);
  const place = (isBundle(text) ? frames.find((frame) => frame.file !== file) : frames[0])?.place;
  return `${place === undefined ? "" : `${place} `}${thrown(words.trim())}`;
}

/** A bundle of ours ends with the map from its lines to the sources', which k6 applies to every frame but those of the bundle's own lines. */
const isBundle = (text: string): boolean => text.lastIndexOf("//# sourceMappingURL=data:") > text.lastIndexOf("\n", text.length - 2);

function frameOf(line: string) {
  const [, url, row, column] = /^(?:.* \()?(file:\/\/.+):(\d+):(\d+)\(\d+\)\)?$/.exec(line.trim()) ?? [];
  if (url === undefined) return [];
  const file = pathOf(url);
  return [{ file, place: `${file}:${row}:${column}` }];
}

function pathOf(url: string): string {
  try {
    return fileURLToPath(url);
  } catch {
    return url.slice("file://".length);
  }
}

function thrown(words: string): string {
  const plain = words.replace(/^(GoError|Error): /, "");
  const missing = /^stat (.*): no such file or directory$/.exec(plain)?.[1];
  if (missing !== undefined) return `there is no file ${missing}`;
  return `the script threw while it was read: ${plain}`;
}

const bare = (words: string): string => words.replace(/^could not initialize '.*?': could not load JS test '.*?': /, "").trim();

/** k6 quotes an option's value that it cannot read and keeps the name to itself: the one place in the script that gives this value has it. */
function withOption(words: string, text: string): string {
  const [, value] = /^(?:strconv|time|unknown executor).*(?:parsing|duration|type) ["'](.+?)["']/.exec(words) ?? [];
  if (value === undefined) return words;
  const names = [...text.matchAll(/(\w+)["']?\s*:\s*(["'`])(.*?)\2/g)].flatMap(([, name = "", , given]) => (given === value ? name : []));
  return `options: ${names.length === 1 ? `${names[0]}: ` : ""}${words}`;
}

/** Says why k6 ended as it did: in the script's own words, where they are among its errors. */
export function k6EndReason(code: number, errors: readonly string[]): string {
  const quoted = (pattern: RegExp): string | undefined => errors.flatMap((error) => pattern.exec(error)?.[1] ?? [])[0];
  const aborted = code === k6ExitCodes.scriptAborted ? quoted(/^(?:pod \d+: )?test aborted: (.*?)(?: at \S+ \(file:.*)?$/s) : undefined;
  if (aborted !== undefined) return `the script aborted the test: ${aborted}`;
  // Thrown by our own scenarios (scenarios/lib/storage.ts).
  const unseeded = code === k6ExitCodes.scriptException ? quoted(/^(?:pod \d+: )?SeedError: (.*)/) : undefined;
  return unseeded === undefined ? k6ExitMeaning(code) : `the buckets could not be filled before the load: ${unseeded}`;
}
