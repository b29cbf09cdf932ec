import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { describeLive } from "../../build/testing/live.ts";
import { startService, type ServiceProcess } from "../process.fixture.ts";
import { requestCounts } from "../samples.fixture.ts";

const entry = fileURLToPath(new URL("./server.ts", import.meta.url));
const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];

describeLive("the web page in Chromium", ["chromium"], ({ chromium: executablePath }) => {
  let browser: Browser;
  let api: ServiceProcess;
  let web: ServiceProcess;
  let page: Page;
  let origin = "";
  let complaints: string[] = [];

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: flags });
    api = startService({ FAULTS_ADMIN: "on" });
    web = startService({ API_URL: await api.address, HOST: "127.0.0.1" }, entry);
    origin = await web.address;
  });
  afterAll(async () => {
    await browser.close();
    for (const { child } of [web, api]) child.kill("SIGKILL");
    await Promise.all([web.ended, api.ended]);
  });
  beforeEach(async () => {
    for (const { id } of await buckets()) await fetch(`${await api.address}/api/buckets/${encodeURIComponent(id)}`, { method: "DELETE" });
    page = await browser.newPage();
    complaints = [];
    page.on("console", (message) => void (message.type() === "error" && complaints.push(message.text())));
    page.on("pageerror", (error) => void complaints.push(error.message));
    await page.goto(origin);
  });
  afterEach(() => page.close());

  const buckets = async (): Promise<{ id: string }[]> =>
    ((await (await fetch(`${await api.address}/api/buckets?limit=1000`)).json()) as { buckets: { id: string }[] }).buckets;
  const said = (words: string) => page.getByRole("status").filter({ hasText: words }).waitFor();
  const listed = () =>
    page.locator("#buckets tr").evaluateAll((rows) => rows.map((row) => [...row.children].slice(0, 2).map((cell) => cell.textContent)));
  const keep = async (id: string, text: string): Promise<void> => {
    await page.getByLabel("Id").fill(id);
    await page.getByLabel("Text").fill(text);
    await page.getByRole("button", { name: "Keep" }).click();
    await said(`"${id}" was kept`);
  };

  test("lists buckets, keeps, shows and deletes one, whatever its id and its text", async () => {
    await page.getByText("There are no buckets.").waitFor();
    const id = `<img src=x onerror="document.title='broken out'"> a/b?c#d%41 é`;
    await keep(id, "<b>bold</b> ünï");
    await keep("zz", "");
    expect(await listed()).toEqual([
      [id, String(Buffer.byteLength("<b>bold</b> ünï"))],
      ["zz", "0"],
    ]);
    expect(await (await fetch(`${await api.address}/api/buckets/${encodeURIComponent(id)}`)).text()).toBe("<b>bold</b> ünï");
    await page.getByRole("button", { name: `Show ${id}` }).click();
    await said("was fetched");
    expect(await page.locator("#contents pre").textContent()).toBe("<b>bold</b> ünï");
    await page.getByRole("button", { name: `Delete ${id}` }).click();
    await said("was deleted");
    expect(await listed()).toEqual([["zz", "0"]]);
    expect([await page.title(), complaints]).toEqual(["Buckets", []]);
  });

  test("keeps a file, and says of bytes that they are no text", async () => {
    await page.getByLabel("Id").fill("file");
    await page.getByLabel("or a file").setInputFiles({ name: "x.bin", mimeType: "image/png", buffer: Buffer.from([0, 255, 254]) });
    await page.getByRole("button", { name: "Keep" }).click();
    await said('"file" was kept');
    await page.getByRole("button", { name: "Show file" }).click();
    await page.getByText("3 bytes that are no text").waitFor();
    expect((await fetch(`${await api.address}/api/buckets/file`)).headers.get("content-length")).toBe("3");
  });

  test("shows more than a page, one page at a time", async () => {
    const base = await api.address;
    await Promise.all(Array.from({ length: 130 }, (_, n) => fetch(`${base}/api/buckets/${1_000 + n}`, { method: "PUT", body: "x" })));
    await page.reload();
    await page.getByRole("button", { name: "More" }).click();
    await page.getByRole("button", { name: "Show 1129" }).waitFor();
    expect(await listed()).toEqual(Array.from({ length: 130 }, (_, n) => [String(1_000 + n), "1"]));
    expect(await page.getByRole("button", { name: "More" }).isVisible()).toBe(false);
  });

  test("lets in nothing inline and nothing of others, and nobody frame it", async () => {
    const policy = (await fetch(origin)).headers.get("content-security-policy") ?? "";
    expect(policy).toMatch(/^default-src 'none';/);
    expect(policy).not.toContain("unsafe");
    const inline = await page.evaluate(`(() => {
      const script = document.createElement("script");
      script.textContent = "document.title = 'broken out'";
      document.body.append(script);
      return document.title;
    })()`);
    expect([inline, complaints.length]).toEqual(["Buckets", 1]);
  });

  test("forwards buckets only, as they were asked for, with their request id, and counts itself", async () => {
    const { hostname, port } = new URL(origin);
    const raw = async (path: string): Promise<string> => {
      const socket = connect(Number(port), hostname);
      socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nx-request-id: mine\r\nconnection: close\r\n\r\n`);
      let text = "";
      socket.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      await once(socket, "close");
      return text;
    };
    for (const path of ["/admin/faults", "/api/users", "/api/buckets/../users", "/metrics/../admin/faults"]) {
      expect(await raw(path), path).toMatch(/^HTTP\/1\.1 404 /);
    }
    // Two dots are an id like any other.
    expect((await fetch(`${await api.address}/api/buckets/%2E%2E%2Fadmin`, { method: "PUT", body: "dots" })).status).toBe(200);
    const dots = await raw("/api/buckets/%2E%2E%2Fadmin");
    expect(dots).toMatch(/^HTTP\/1\.1 200 [^]*x-request-id: mine\r\n[^]*dots/i);
    const counts = requestCounts(await (await fetch(`${origin}/metrics`)).text());
    expect(counts).toMatchObject({ "GET /api/buckets/:id 200": expect.any(Number), "GET / 200": expect.any(Number) });
  });

  test("tells what is wrong with its variables", async () => {
    const wrong = spawn(process.execPath, [entry], {
      env: { API_URL: "file:///etc/passwd", PORT: "x" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    wrong.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const [code] = await once(wrong, "close");
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/^web: PORT must be [^\n]*\nweb: API_URL must be an address that begins with http:\/\/\n$/),
    ]);
  });

  test("says what the storage API answers when it fails, and what is so when it is gone", async () => {
    await fetch(`${await api.address}/admin/faults`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ rules: [{ kind: "error", method: "PUT", status: 503, every: 1 }] }),
    });
    await page.getByLabel("Id").fill("a");
    await page.getByRole("button", { name: "Keep" }).click();
    await said("503: injected fault");
    api.child.kill("SIGKILL");
    await api.ended;
    await page.getByRole("button", { name: "Keep" }).click();
    await said("502: the storage API gave no answer");
    expect((await fetch(`${origin}/health/liveness`)).status).toBe(200);
    expect((await fetch(`${origin}/health/readiness`)).status).toBe(200);
    web.child.kill("SIGTERM");
    expect((await web.ended).code).toBe(0);
  });
});
