import { readFileSync } from "node:fs";
import { type Api, healthRoutes } from "../api/routes.ts";
import type { Environment } from "../environment.ts";
import { openService, stopping } from "../service.ts";
import { forwarder } from "./forward.ts";
import headers from "./headers.json" with { type: "json" };

const page = [
  ["/", "index.html", "text/html; charset=utf-8"],
  ["/page.css", "page.css", "text/css; charset=utf-8"],
  ["/page.js", "page.js", "text/javascript; charset=utf-8"],
] as const;

/** Builds the web service: one page, and the buckets of the storage API at `apiUrl` behind the same paths, so that a browser asks one origin only. */
export async function buildWeb(environment: Environment, apiUrl: URL): Promise<Api> {
  const { api: web } = await openService("web", environment);
  web.addHook("onRequest", (_request, reply, done) => {
    reply.headers(headers); // everything is of this origin, nothing is inline, and nobody may frame it
    done();
  });
  for (const [url, file, type] of page) {
    const text = readFileSync(new URL(`./page/${file}`, import.meta.url));
    web.get(url, (_request, reply) => void reply.type(type).header("cache-control", "no-cache").send(text));
  }
  web.removeAllContentTypeParsers();
  web.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  const handler = forwarder(apiUrl);
  web.get("/api/buckets", handler);
  web.route({ method: ["GET", "PUT", "DELETE"], url: "/api/buckets/:id", handler });
  // Its own only: a storage API that is away is told by its answers, and another pod of this service would have none either.
  healthRoutes(web, stopping, () => undefined);
  return web;
}
