import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";

/** Counts the terminal columns that printable text takes. */
export const columnsOf: (text: string) => number = stringWidth;

/** Cuts text to at most `width` columns, with an ellipsis where something was cut. */
export function clipped(text: string, width: number): string {
  if (width <= 0) return "";
  if (columnsOf(text) <= width) return text;
  const [kept = ""] = wrapAnsi(text, Math.max(1, width - 1), { hard: true, wordWrap: false, trim: false }).split("\n");
  // One wide character may be wider than all the room that there is.
  return `${columnsOf(kept) < width ? kept.trimEnd() : ""}…`;
}

/** Fills text with spaces to exactly `width` columns, after cutting it to that. */
export function padded(text: string, width: number, align: "left" | "right"): string {
  const fitting = clipped(text, width);
  const space = " ".repeat(Math.max(0, width - columnsOf(fitting)));
  return align === "left" ? fitting + space : space + fitting;
}

/** Breaks text at spaces into lines of at most `width` columns; a word that is longer is broken where the line ends. */
export const wrapped = (text: string, width: number): string[] => wrapAnsi(text, Math.max(1, width), { hard: true }).split("\n");
