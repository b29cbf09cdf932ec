import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeLive } from "../../build/testing/live.ts";
import { htmlReport } from "./html.ts";
import { junitReport, validityCaseName } from "./junit.ts";
import { everyReport, hostileTexts } from "./hostile.fixture.ts";
import { metReport } from "./reports.fixture.ts";
import type { Report } from "./schema.ts";

const text = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const sha256Base64 = (text: string): string => createHash("sha256").update(text).digest("base64");
const assets = {
  scripts: [text("../../node_modules/uplot/dist/uPlot.iife.min.js"), text("html/page.js")],
  styles: [text("../../node_modules/uplot/dist/uPlot.min.css"), text("html/page.css")],
  sha256Base64,
};
const reports = everyReport();
type Name = keyof typeof reports;
const names = Object.keys(reports) as Name[];
const planted = "<script>document.title = 'broken out'</script><img src='/planted' onerror=\"document.title = 'broken out'\">";
const browserFlags =
  "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

/** Counts the canvas pixels that have the colour of a custom property, give or take a little. */
const pixelsOf = (plot: string, property: string): string => `(() => {
  const canvas = document.querySelector("#plot-${plot} canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const hex = getComputedStyle(document.documentElement).getPropertyValue("${property}").trim();
  const want = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  let found = 0;
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] > 200 && want.every((value, channel) => Math.abs(data[at + channel] - value) < 24)) found++;
  }
  return found;
})()`;

/** Finds the WCAG contrast of each element that shows text of its own with what is painted behind it. */
const contrasts = `(() => {
  const channels = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((value) => value / 255).map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)).reduce((sum, value, at) => sum + value * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll("body *")].flatMap((element) => {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== "");
    if (!own || element.closest("svg, script, noscript") !== null) return [];
    const [a, b] = [luminance(channels(getComputedStyle(element).color)), luminance(behind(element))].sort((x, y) => y - x);
    return [{ contrast: (a + 0.05) / (b + 0.05), text: element.textContent.trim().slice(0, 40) }];
  });
})()`;

/** Draws all charts again, and lists which labels of limits in one chart lie on each other. */
const labelsOnEachOther = `(async () => {
  const drawn = [];
  const { fillText } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y, room = Infinity) {
    const width = Math.min(room, this.measureText(text).width);
    const left = { left: x, right: x - width, center: x - width / 2, start: x, end: x - width }[this.textAlign];
    if (/ ms: /.test(text)) drawn.push({ text, canvas: this.canvas, left, right: left + width, top: y - 11 * devicePixelRatio, bottom: y });
    return fillText.call(this, text, x, y, room);
  };
  dispatchEvent(new Event("afterprint"));
  await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  const isOn = (a, b) => a.canvas === b.canvas && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const pairs = drawn.flatMap((a, i) => drawn.slice(i + 1).filter((b) => isOn(a, b)).map((b) => a.text + " / " + b.text));
  return { labels: drawn.length, pairs };
})()`;

/** Lists what reaches beyond the screen, or has to be scrolled sideways. */
const beyondTheScreen = `[...document.querySelectorAll("body *")].flatMap((element) => {
  const { left, right, width } = element.getBoundingClientRect();
  const scrolls = getComputedStyle(element).overflowX !== "visible" && element.scrollWidth > element.clientWidth + 1;
  return width > 0 && (left < -0.5 || right > innerWidth + 0.5 || scrolls) ? [element.tagName + ": " + element.textContent.slice(0, 40)] : [];
})`;

describeLive("the HTML report in Chromium", ["chromium"], ({ chromium: executablePath }) => {
  let browser: Browser;
  let server: Server;
  let origin = "";
  const served: string[] = [];

  beforeAll(async () => {
    server = createServer((request, response) => {
      served.push(request.url ?? "");
      const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
      const quiet = { ...metReport(), series: { ...metReport().series, errorRatio: metReport().series.errorRatio.map(() => 0) } };
      const [, timed] = metReport().objectives;
      const limits = [0.25, 0.3, 0.31, 0.005].map((atMostSeconds) => ({ ...timed, name: `within ${atMostSeconds} s`, atMostSeconds }));
      const more: Record<string, Report> = { ...reports, quiet, limits: { ...quiet, objectives: limits as Report["objectives"] } };
      const report = more[pathname.slice(1)];
      const page = htmlReport(report ?? metReport(), assets);
      response.setHeader("content-type", "text/html; charset=utf-8");
      response.end(searchParams.has("planted") ? page.replace("</main>", () => `${planted}</main>`) : page);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await chromium.launch({ executablePath, args: browserFlags.split(" ") });
  });

  afterAll(async () => {
    await browser?.close();
    await new Promise((resolve) => server.close(resolve));
  });

  /** Opens a report and hands over what the browser complained of and asked for. */
  async function opened<T>(
    path: string,
    options: BrowserContextOptions,
    look: (page: Page, said: string[], asked: string[]) => Promise<T>,
  ): Promise<T> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = await context.newPage();
    const said: string[] = [];
    const asked: string[] = [];
    page.on("console", (message) => said.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => said.push(`error: ${error.message}`));
    page.on("request", (request) => asked.push(request.url()));
    try {
      await page.goto(`${origin}/${path}`);
      return await look(page, said, asked);
    } finally {
      await context.close();
    }
  }

  test.each([390, 1200])("the limits' labels do not lie on each other at %i px", async (width) => {
    const { labels, pairs } = await opened("limits", { viewport: { width, height: 800 } }, (page) =>
      page.evaluate<{ labels: number; pairs: string[] }>(labelsOnEachOther),
    );
    expect(labels).toBe(8); // four in each chart of latencies
    expect(pairs).toEqual([]);
  });

  describe.each(names)("%s", (name) => {
    const places = [390, 1280].flatMap((width) => (["light", "dark"] as const).map((colorScheme) => ({ width, colorScheme })));
    test.each(places)("at $width px, $colorScheme: quiet, alone, within the page, readable", async ({ width, colorScheme }) => {
      served.length = 0;
      await opened(name, { viewport: { width, height: 800 }, colorScheme }, async (page, said, asked) => {
        await page.evaluate("document.querySelectorAll('details').forEach((element) => { element.open = true; })");
        expect(await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")).toBe(0);
        expect(await page.evaluate(beyondTheScreen)).toEqual([]);
        const found = (await page.evaluate(contrasts)) as { contrast: number; text: string }[];
        expect(found.length).toBeGreaterThan(40);
        expect(found.filter(({ contrast }) => contrast < 4.5)).toEqual([]);
        expect(said).toEqual([]);
        expect(asked.filter((url) => !url.startsWith("data:"))).toEqual([`${origin}/${name}`]);
      });
      expect(served).toEqual([`/${name}`]);
    });
  });

  test("each chart is drawn in the colours of its scheme, again when the scheme changes, and its limit with it", async () => {
    await opened("exceeded", { colorScheme: "light" }, async (page) => {
      const drawn = async (): Promise<unknown[]> =>
        Promise.all([
          page.evaluate(pixelsOf("rate", "--tone-1")),
          page.evaluate(pixelsOf("latency", "--tone-2")),
          page.evaluate(pixelsOf("latency", "--limit")),
          page.evaluate(pixelsOf("errors", "--tone-6")),
          page.evaluate(pixelsOf("budget", "--tone-1")),
          page.evaluate(pixelsOf("budget", "--limit")),
        ]);
      for (const pixels of await drawn()) expect(pixels).toBeGreaterThan(100);
      await page.emulateMedia({ colorScheme: "dark" });
      await expect.poll(() => page.evaluate(pixelsOf("rate", "--tone-1"))).toBeGreaterThan(100);
      for (const pixels of await drawn()) expect(pixels).toBeGreaterThan(100);
    });
  });

  test("charts follow the width of the page", async () => {
    await opened("met", {}, async (page) => {
      const wide = (await page.evaluate("document.querySelector('#plot-rate canvas').clientWidth")) as number;
      await page.setViewportSize({ width: 375, height: 800 });
      await expect.poll(() => page.evaluate("document.querySelector('#plot-rate canvas').clientWidth")).toBeLessThan(wide);
      expect(await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")).toBe(0);
    });
  });

  test("pointing at a chart shows the values of that moment in all of them, with units", async () => {
    await opened("met", {}, async (page) => {
      const values = (plot: string) => page.locator(`#plot-${plot} .u-value`).allTextContents();
      expect(await values("rate")).toEqual(["0:00–2:00", "", "", ""]);
      await page.locator("#plot-rate .u-over").hover();
      const [time, ...rates] = await values("rate");
      expect(time).toMatch(/^(?:0:59|1:00)$/u);
      for (const rate of rates) expect(rate).toMatch(/^[\d.]+\/s$/u);
      for (const latency of (await values("latency")).slice(1)) expect(latency).toMatch(/^[\d.]+ ms$/u);
      expect((await values("errors"))[1]).toMatch(/%$/u);
    });
  });

  test("a line is hidden and shown by keyboard", async () => {
    await opened("met", {}, async (page) => {
      const label = page.locator("#plot-rate .u-series th", { hasText: "achieved" });
      await label.focus();
      await page.keyboard.press("Enter");
      expect(await label.getAttribute("aria-pressed")).toBe("false");
      await expect.poll(() => page.evaluate(pixelsOf("rate", "--tone-1"))).toBe(0);
      await page.keyboard.press(" ");
      expect(await label.getAttribute("aria-pressed")).toBe("true");
    });
  });

  test("a chart of zeros is folded, and drawn when it is opened", async () => {
    await opened("quiet", {}, async (page) => {
      const folded = page.locator("details.flat");
      expect(await folded.locator("summary").first().textContent()).toBe("Error share: 0% throughout");
      await folded.locator("summary").first().click();
      await expect.poll(() => page.evaluate(pixelsOf("errors", "--tone-6"))).toBeGreaterThan(100);
    });
  });

  test("without samples each chart says so, and none is drawn", async () => {
    await opened("empty", {}, async (page) => {
      expect(await page.locator("figure .plain-empty").allTextContents()).toEqual(Array(6).fill("No samples."));
      expect(await page.locator("canvas").count()).toBe(0);
    });
  });

  test("hostile data is shown as text, and no script or element of it came to be", async () => {
    await opened("hostile", {}, async (page) => {
      expect(await page.title()).toMatch(/^EXCEEDED: /u);
      expect(await page.locator("img, svg[onload], iframe, b, a").count()).toBe(0);
      expect(await page.locator(".objectives tbody th .name").first().textContent()).toBe(hostileTexts[0]);
      expect(await page.locator("canvas").count()).toBe(6);
    });
  });

  test("what is planted in the page does not run: the policy stands behind the escaping", async () => {
    served.length = 0;
    await opened("met?planted", {}, async (page, said) => {
      expect(await page.locator("main img").count()).toBe(1);
      await expect.poll(() => page.evaluate("document.querySelector('main img').complete")).toBe(true);
      expect(await page.title()).toBe("MET: storage-api under spike");
      expect(said.filter((line) => line.includes("Content Security Policy")).length).toBeGreaterThanOrEqual(3);
    });
    expect(served).toEqual(["/met?planted"]);
  });

  test("without JavaScript the verdict, the tables and a note are there", async () => {
    await opened("exceeded", { javaScriptEnabled: false }, async (page) => {
      expect(await page.locator("h1").textContent()).toContain("Exceeded");
      expect(await page.locator("noscript").textContent()).toContain("The charts need JavaScript");
      expect(await page.locator(".objectives tbody tr").count()).toBe(3);
      expect(await page.locator("figure details table").count()).toBe(5);
      expect(await page.getByRole("table", { name: "Latency of the judged load in numbers" }).locator("tbody tr").count()).toBe(2);
    });
  });

  test("on paper it is light, with its details open", async () => {
    await opened("met", { colorScheme: "dark" }, async (page) => {
      await page.evaluate("dispatchEvent(new Event('beforeprint'))");
      await page.emulateMedia({ media: "print", colorScheme: "dark" });
      expect(await page.evaluate("getComputedStyle(document.body).color")).toBe("rgb(27, 31, 36)");
      expect(await page.locator("details:not([open])").count()).toBe(0);
      expect(await page.evaluate(pixelsOf("rate", "--tone-1"))).toBeGreaterThan(100);
    });
  });

  describe("junit.xml is XML to a real parser", () => {
    test.each(names)("%s", async (name) => {
      await opened("met", {}, async (page) => {
        const parsed = await page.evaluate((xml: string) => {
          const { DOMParser: Parser } = globalThis as unknown as {
            DOMParser: new () => { parseFromString(text: string, type: string): ParsedXml };
          };
          const document = new Parser().parseFromString(xml, "application/xml");
          const cases = [...document.querySelectorAll("testcase")].map((element) => element.getAttribute("name"));
          return { error: document.querySelector("parsererror")?.textContent ?? null, cases };
        }, junitReport(reports[name]));
        expect(parsed.error).toBeNull();
        expect(parsed.cases).toHaveLength(reports[name].objectives.length + 1);
        expect(parsed.cases.at(-1)).toBe(validityCaseName);
        if (name === "hostile") expect(parsed.cases[0]).toBe(hostileTexts[0]);
      });
    });
  });
});

interface ParsedXml {
  querySelector(selector: string): { textContent: string | null } | null;
  querySelectorAll(selector: string): Iterable<{ getAttribute(name: string): string | null }>;
}
