import type { PrometheusApi } from "../collect/prometheus.ts";
import type { Credentials } from "../host/settings.ts";
import { authorizationOf, type Destination } from "../run/relay/destination.ts";

/** One Prometheus: where it is asked, and where samples are written. */
export interface PrometheusEnds {
  api: PrometheusApi;
  destination: Destination;
}

/** Opens both ends of Prometheus with the same credentials. */
export function prometheusAt(url: string, credentials: Credentials): PrometheusEnds {
  const { basic, bearer, caFile, headers } = credentials;
  const authorization = authorizationOf(credentials);
  return {
    api: { url, headers: { ...headers, ...(authorization ? { authorization } : {}) }, timeoutSeconds: 20, fetch },
    destination: {
      url: `${url.replace(/\/+$/, "")}/api/v1/write`,
      headers,
      ...(basic ? { basic } : {}),
      ...(bearer ? { bearer } : {}),
      ...(caFile ? { tls: { caFile } } : {}),
    },
  };
}
