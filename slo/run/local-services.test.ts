import { expect, test } from "vitest";
import { scrapeUrl } from "./local-services.ts";

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
