/** Finds a file's SHA-256 (lower-case hex) in a published list of lines `<hex>  <name>`; undefined when the list lacks it. */
export function checksumIn(list: string, fileName: string): string | undefined {
  for (const line of list.split(/\r?\n/)) {
    const match = /^([0-9a-fA-F]{64}) [ *](.+)$/.exec(line);
    if (match?.[2] === fileName) return match[1]?.toLowerCase();
  }
  return undefined;
}
