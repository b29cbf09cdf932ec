import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Api } from "./api/http.ts";

/** How long a stop may take, in seconds: before the port closes, and after. */
type StopTimes = Record<"drainSeconds" | "shutdownSeconds", number>;

/**
 * Stops a listening service: waits `drainSeconds` with readiness already saying no (the caller switches it), stops listening,
 * lets requests in flight finish, closes connections as they fall idle, and after `shutdownSeconds` cuts what is left; says whether it had to.
 */
export async function stopGracefully(api: Api, { drainSeconds, shutdownSeconds }: StopTimes): Promise<"clean" | "cut"> {
  // Every answer from now on sends its client to another server: none is cut off when the port closes, and the last scrape sees every request.
  api.server.prependListener("request", (_request, response: ServerResponse) => void response.setHeader("connection", "close"));
  if (drainSeconds > 0) await sleep(drainSeconds * 1_000);
  let ending: "clean" | "cut" = "clean";
  // A connection that was busy when the port closed would be kept alive for its next request; we ask again.
  const idle = setInterval(() => api.server.closeIdleConnections(), 25);
  const limit = setTimeout(() => {
    ending = "cut";
    api.server.closeAllConnections();
  }, shutdownSeconds * 1_000);
  try {
    await api.close();
  } finally {
    clearInterval(idle);
    clearTimeout(limit);
  }
  return ending;
}
