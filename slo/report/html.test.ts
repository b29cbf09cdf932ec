import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { Script } from "node:vm";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jsonMarkup, markup, rawElementText } from "./html/markup.ts";
import { htmlReport } from "./html.ts";
import { hostileReport, hostileTexts } from "./hostile.fixture.ts";
import { emptyReport, exceededReport, inconclusiveReport, metReport } from "./reports.fixture.ts";

const sha256Base64 = (text: string): string => createHash("sha256").update(text).digest("base64");
const page = (name: string): string => readFileSync(new URL(`html/${name}`, import.meta.url), "utf8");
const assets = {
  scripts: ["globalThis.uPlot = class {};", page("page.js")],
  styles: [".uplot { margin: 0; }", page("page.css")],
  sha256Base64,
};

describe("escaping", () => {
  test("every value of a template is data", () => {
    expect(markup`<p title="${'"><b>'}">${"</p>&'"}</p>`.markup).toBe('<p title="&quot;&gt;&lt;b&gt;">&lt;/p&gt;&amp;&#39;</p>');
  });

  test("markup in a template stays markup", () => {
    expect(markup`<ul>${["a", "<"].map((item) => markup`<li>${item}</li>`)}</ul>`.markup).toBe("<ul><li>a</li><li>&lt;</li></ul>");
  });

  test("any value as JSON reads back, and holds no character that could end its element", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const { markup: json } = jsonMarkup({ text });
        expect(json).not.toMatch(/[<>&\u2028\u2029]/u);
        expect(JSON.parse(json)).toEqual({ text });
      }),
    );
  });

  test("code that would end its own element is refused", () => {
    expect(() => rawElementText("x</SCRIPT>", "script")).toThrow("must not end it");
    expect(() => rawElementText("x<!--", "script")).toThrow("must not end it");
  });
});

test("the page's script is JavaScript", () => expect(() => new Script(page("page.js"))).not.toThrow());

describe.each([
  ["met", metReport()],
  ["exceeded", exceededReport()],
  ["inconclusive", inconclusiveReport()],
  ["empty", emptyReport()],
  ["hostile", hostileReport()],
])("the page of a run that is %s", (_, report) => {
  const page = htmlReport(report, assets);

  test("holds only our own elements", () => {
    const outside = page.replaceAll(/<(script|style)[^>]*>[\s\S]*?<\/\1>/gu, "");
    const names = new Set([...outside.matchAll(/<([a-z][a-z0-9]*)/giu)].map(([, name]) => name as string));
    for (const name of ["img", "script", "iframe", "object", "a", "form", "input", "b"]) expect(names).not.toContain(name);
    expect(outside).not.toMatch(/\son[a-z]+\s*=\s*"/iu);
    expect(outside).not.toMatch(/\sstyle="/u);
  });

  test("lets only the scripts and styles run that it names by hash", () => {
    const csp = /Content-Security-Policy" content="([^"]*)"/u.exec(page)?.[1]?.replaceAll("&#39;", "'") ?? "";
    expect(csp).toMatch(
      /^default-src 'none'; script-src 'sha256-[^;]*; style-src 'sha256-[^;]*; img-src data:; base-uri 'none'; form-action 'none'$/u,
    );
    expect(csp).not.toContain("unsafe");
    const blocks = [...page.matchAll(/<(?:script|style)>([\s\S]*?)<\/(?:script|style)>/gu)].map(([, text]) => text as string);
    expect(blocks).toHaveLength(4);
    for (const text of blocks) expect(csp).toContain(`'sha256-${sha256Base64(text)}'`);
  });

  test("keeps headings in order and gives every column and row head its scope", () => {
    const levels = [...page.matchAll(/<h([1-6])/gu)].map(([, level]) => Number(level));
    expect(levels[0]).toBe(1);
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    levels.slice(1).forEach((level, at) => expect(level - (levels[at] as number)).toBeLessThanOrEqual(1));
    expect(page).not.toMatch(/<th(?![^>]*scope=)[\s>]/u);
  });
});

test("hostile text is there to be read", () => {
  const page = htmlReport(hostileReport(), assets);
  expect(page).toContain("&lt;/script&gt;&lt;img src=x onerror=&quot;");
  expect(hostileTexts[0]).toContain("</script>");
  expect(page.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});
