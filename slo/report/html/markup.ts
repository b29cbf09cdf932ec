import { plainLine, shortened } from "../plain.ts";

/** Holds HTML that is safe to place in a page; only `markup` makes it. */
export interface Markup {
  readonly markup: string;
}

type Part = Markup | readonly Markup[] | string | number;

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const dataLimit = 1500;

/** Builds HTML from a template; every value that is not Markup itself is data and is escaped. */
export function markup(template: TemplateStringsArray, ...parts: Part[]): Markup {
  const filled = template.map((text, at) => (at === 0 ? text : rendered(parts[at - 1] as Part) + text));
  return { markup: filled.join("") };
}

export const nothing: Markup = { markup: "" };

/** Encodes a value as JSON for a `<script type="application/json">`, which nothing in it can close. */
export function jsonMarkup(value: unknown): Markup {
  const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return { markup: JSON.stringify(value).replace(/[<>&\u2028\u2029]/gu, escaped) };
}

/** Takes text that is code of ours or of a library, whose only danger is to close its own element. Throws if it does. */
export function rawElementText(text: string, element: "script" | "style"): Markup {
  if (new RegExp(`</${element}|<!--`, "iu").test(text)) throw new Error(`the text of a ${element} element must not end it`);
  return { markup: text };
}

function rendered(part: Part): string {
  if (typeof part === "number") return String(part);
  if (typeof part === "string") return shortened(plainLine(part), dataLimit).replace(/[&<>"']/gu, (character) => entities[character] ?? "");
  return "markup" in part ? part.markup : part.map(({ markup }) => markup).join("");
}
