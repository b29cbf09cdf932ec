import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { findMetrics, freePort, scrapeUrl } from "./local-services.ts";

const own = { path: "/metrics", scheme: undefined, port: undefined } as const;

test.each([
  ["beside the target's own paths", "http://shop:8080/api/v1", own, "http://shop:8080/metrics"],
  ["on the usual port where the target has none", "https://shop", own, "https://shop/metrics"],
  [
    "elsewhere where that is said",
    "https://shop:8443",
    { path: "/stats/prometheus", scheme: "http", port: 9901 },
    "http://shop:9901/stats/prometheus",
  ],
  ["by IPv6 as well", "http://[::1]:5000", { ...own, port: 9464 }, "http://[::1]:9464/metrics"],
] as const)("metrics are read %s", (_, target, scrape, url) => {
  expect(scrapeUrl(target, scrape)).toBe(url);
});

test.each([
  ["where they are said to be", true, true, "said"],
  ["at the target's own port where nothing answers there", false, true, "own"],
  ["where they are said to be, when they are nowhere", false, false, "said"],
] as const)("metrics are looked for %s", async (_, answersThere, answersHere, where) => {
  const listen = async (answers: boolean) => {
    const server = createServer((request, response) => response.writeHead(answers && request.url === "/metrics" ? 200 : 404).end());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { server, port: (server.address() as AddressInfo).port };
  };
  const [there, here] = await Promise.all([listen(answersThere), listen(answersHere)]);
  const said = { path: "/metrics", scheme: undefined, port: answersThere ? there.port : await freePort() };
  try {
    const found = await findMetrics(`http://127.0.0.1:${here.port}`, said);
    expect(found).toEqual(where === "said" ? said : { ...own });
  } finally {
    for (const { server } of [there, here]) server.close();
  }
});
