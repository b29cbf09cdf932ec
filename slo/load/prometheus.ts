import type { PrometheusApi } from "../collect/prometheus.ts";
import type { Credentials } from "../host/settings.ts";
import { authorizationOf } from "../run/relay/destination.ts";
import { encodeWrite, writeOnce, type Destination } from "../run/relay/write.ts";

/** One Prometheus: where it is asked, and where samples are written. */
export interface PrometheusEnds {
  api: PrometheusApi;
  destination: Destination;
}

/** Opens both ends of Prometheus with the same credentials. */
export function prometheusAt(url: string, credentials: Credentials): PrometheusEnds {
  const authorization = authorizationOf(credentials);
  const headers = { ...credentials.headers, ...(authorization ? { authorization } : {}) };
  return {
    api: { url, headers, timeoutSeconds: 20, fetch },
    destination: { ...credentials, url: `${url.replace(/\/+$/, "")}/api/v1/write` },
  };
}

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
