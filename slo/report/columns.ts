const wide = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303F\uFF01-\uFF60]/u;
const zeroWidth = /\p{M}/u;

/** Counts the terminal columns that printable text takes: 2 for wide characters, 0 for combining marks. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += columnsOfCharacter(character);
  return columns;
}

/** Cuts text to at most `width` columns, with an ellipsis where something was cut. */
export function clipped(text: string, width: number): string {
  if (width <= 0) return "";
  if (columnsOf(text) <= width) return text;
  let kept = "";
  let columns = 0;
  for (const character of text) {
    const next = columnsOfCharacter(character);
    if (columns + next > width - 1) break;
    kept += character;
    columns += next;
  }
  return `${kept.trimEnd()}…`;
}

/** Fills text with spaces to exactly `width` columns, after cutting it to that. */
export function padded(text: string, width: number, align: "left" | "right"): string {
  const fitting = clipped(text, width);
  const space = " ".repeat(Math.max(0, width - columnsOf(fitting)));
  return align === "left" ? fitting + space : space + fitting;
}

/** Breaks text at spaces into lines of at most `width` columns; a word that is longer is broken where the line ends. */
export function wrapped(text: string, width: number): string[] {
  const room = Math.max(1, width);
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap((whole) => pieces(whole, room))) {
    if (line === "") line = word;
    else if (columnsOf(line) + 1 + columnsOf(word) <= room) line += ` ${word}`;
    else {
      lines.push(line);
      line = word;
    }
  }
  lines.push(line);
  return lines;
}

function columnsOfCharacter(character: string): number {
  if (character >= " " && character <= "~") return 1;
  if (zeroWidth.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}

function pieces(word: string, width: number): string[] {
  if (columnsOf(word) <= width) return [word];
  const parts: string[] = [];
  let part = "";
  let columns = 0;
  for (const character of word) {
    const next = columnsOfCharacter(character);
    if (columns + next > width && part !== "") {
      parts.push(part);
      part = "";
      columns = 0;
    }
    part += character;
    columns += next;
  }
  return [...parts, part];
}
