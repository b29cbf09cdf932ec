import { generator } from "./generator.ts";
import { k6AgainstServer } from "./k6-against-server.ts";
import { dashboardOf } from "./page.ts";
import { slo } from "./slo.ts";
import { target } from "./target.ts";

/** Lists the dashboards' JSON files, by their path from the root, each with the function that makes its text. */
export const dashboardFiles = Object.entries({ "k6-against-server": k6AgainstServer, slo, target, generator }).map(([name, page]) => ({
  path: `deploy/grafana/dashboards/${name}.json`,
  text: () => `${JSON.stringify(dashboardOf(page), undefined, 2)}\n`,
}));
