import { generator } from "./generator.ts";
import { k6AgainstServer } from "./k6-against-server.ts";
import { dashboardOf, type Page } from "./page.ts";
import { slo } from "./slo.ts";
import { target } from "./target.ts";

const pages: [name: string, page: Page][] = [
  ["k6-against-server", k6AgainstServer],
  ["slo", slo],
  ["target", target],
  ["generator", generator],
];

/** Lists the dashboards' JSON files, by their path from the root, each with the function that makes its text. */
export const dashboardFiles: { path: string; text: () => string }[] = pages.map(([name, page]) => ({
  path: `deploy/grafana/dashboards/${name}.json`,
  text: () => `${JSON.stringify(dashboardOf(page), undefined, 2)}\n`,
}));
