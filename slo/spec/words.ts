import { closest, distance } from "fastest-levenshtein";

/** Quotes text from a file for a terminal: escaped, and cut to a length that can be read. */
export const quoted = (text: string): string => `"${printable(text)}"`;

/** Escapes what a terminal would obey or hide, and cuts to 80 characters. */
export function printable(text: string): string {
  const cut = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return cut.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Writes how many there are: "1 request was", "2 requests were". */
export const amount = (count: number, one: string, several: string): string => `${count} ${count === 1 ? one : several}`;

export const listed = (names: readonly (string | number)[], most: number): string =>
  `${names.slice(0, most).join(", ")}${names.length > most ? ` and ${names.length - most} more` : ""}`;

export const oneOf = (noun: string): string => noun.replace(/s$/, "");

/** Asks "did you mean …?" where a known name is close to the one that was written; nothing where none is. */
export function nearest(written: string, known: readonly string[]): string | undefined {
  if (known.length === 0 || known.length > 1000 || written.length > 100) return undefined;
  const lower = new Map(known.map((name) => [name.toLowerCase(), name]));
  const found = closest(written.toLowerCase(), [...lower.keys()]);
  const away = distance(written.toLowerCase(), found);
  const near = away <= Math.max(2, written.length / 3) && away < Math.min(written.length, found.length);
  const name = lower.get(found);
  return near && name !== undefined ? `did you mean ${printable(name)}?` : undefined;
}

/** Sorts known names by how near they are to the one that was written. */
export const nearestFirst = (written: string, known: readonly string[]): string[] =>
  known.toSorted((one, other) => distance(written, one) - distance(written, other));

/** Tells whether a word is most likely another one that is known: but for large and small letters, or one letter of five or more. */
export function isSlipOf(written: string, known: string): boolean {
  if (written === known) return false;
  if (written.toLowerCase() === known.toLowerCase()) return true;
  return /^[a-z_]{5,}$/i.test(written) && distance(written.toLowerCase(), known.toLowerCase()) === 1;
}
