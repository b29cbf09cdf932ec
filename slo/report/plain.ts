const lineBreak = /[\t\n\v\f\r\u0085\u2028\u2029]+/gu;
/** Control, format (bidi overrides, zero-width) and surrogate characters, and the two that XML forbids everywhere. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\uFFFE\uFFFF]/gu;

/** Marks stacked higher than any script needs: they spill over the lines around them. */
const stackedMarks = /(\p{M}{4})\p{M}+/gu;

/** Makes data fit for one printed line: line breaks become a space; what could steer a terminal or turn text round becomes U+FFFD. */
export const plainLine = (data: string): string => data.replace(lineBreak, " ").replace(unprintable, "\uFFFD").replace(stackedMarks, "$1");

/** Makes one line of at most 300 characters of what another program said. */
export const saidLine = (text: string): string => plainLine(text.trim().slice(0, 300));

/** Shortens text to about `limit` characters and says how many it left out; not where that would be longer than what is left out. */
export function shortened(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const characters = [...text];
  const more = characters.length - limit;
  const note = `… (${more} more characters)`;
  return more <= note.length ? text : characters.slice(0, limit).join("") + note;
}
