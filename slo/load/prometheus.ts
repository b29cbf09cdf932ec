import type { PrometheusApi } from "../collect/prometheus.ts";
import type { Credentials } from "../host/settings.ts";
import { encodeWrite } from "../run/relay/body.ts";
import { authorizationOf, type Destination, writeOnce } from "../run/relay/write.ts";

export type PrometheusEnds = ReturnType<typeof prometheusAt>;

export function prometheusAt(url: string, credentials: Credentials): { api: PrometheusApi; destination: Destination } {
  const authorization = authorizationOf(credentials);
  const headers = { ...credentials.headers, ...(authorization ? { authorization } : {}) };
  return {
    api: { url, headers, timeoutSeconds: 20, fetch: fetchHere },
    destination: { ...credentials, url: new URL(credentials.write ?? "api/v1/write", `${url.replace(/\/+$/, "")}/`).href },
  };
}

/** Asks without following a redirect: headers that are credentials would go along, and what is read would be another server's. */
const fetchHere: typeof fetch = async (input, init) => {
  const response = await fetch(input, { ...init, redirect: "manual" });
  const to = response.headers.get("location")?.replace(/(\/api\/v1\/|\?).*/s, "");
  if (to === undefined) return response;
  throw new Error(
    `Prometheus answers with a redirect to ${to.slice(0, 200)}, which is not followed: give that address if it is Prometheus`,
  );
};

type Samples = Parameters<typeof encodeWrite>[0];

/** Writes samples to Prometheus, those of `nowMillis` first, so that a refusal of others costs only these; gives the reason when they were not taken. */
export async function writeSamples(destination: Destination, samples: Samples, nowMillis: number): Promise<string | undefined> {
  const now = await writeOnce(destination, encodeWrite(samples.filter(({ atMillis }) => atMillis === nowMillis)));
  if (now.kind !== "written") return now.reason;
  const others = samples.filter(({ atMillis }) => atMillis !== nowMillis);
  if (others.length === 0) return undefined;
  const before = await writeOnce(destination, encodeWrite(others));
  // A run that is judged again finds its counts over time there already, and Prometheus takes none twice.
  const there = before.kind === "refused" && /out of order|duplicate/.test(before.reason);
  return before.kind === "written" || there ? undefined : before.reason;
}
