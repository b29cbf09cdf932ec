import { errorMessage } from "../host/error-message.ts";
import type { FirstRequest } from "./requests.ts";
import { ofRuntime } from "../spec/names.ts";
import { presetNames, resolveMapping, type Metrics } from "../spec/presets.ts";

type Stated = { preset: (typeof presetNames)[number]; duration?: string };

export interface Counting {
  /** The spec's `metrics`; undefined where nothing of a known library was found. */
  metrics: string | (Stated & { scrape?: { path: string; port: number } }) | undefined;
  /** Upper bounds of the latency buckets there are, seconds. */
  bucketsSeconds: number[];
  readAt?: string;
  /** A histogram of no known library, with its labels. */
  histogram?: string | undefined;
  /** Why the service itself did not answer: nothing is known of it. */
  silence?: string;
}

/** Asks for an address; a redirect is an answer, as it is to the scenario. A text says why there is none. */
const answerTo = (url: URL | string): Promise<{ status: number; text: string } | string> =>
  fetch(url, { signal: AbortSignal.timeout(2000), redirect: "manual" })
    .then(async (response) => ({ status: response.status, text: await response.text().catch(() => "") }))
    .catch(errorMessage);

/** Sees what the first request is answered, which is then what the scenario expects, and says so. */
export async function seenFirst(target: string, request: FirstRequest, say: (line: string) => void): Promise<FirstRequest> {
  const answer = await answerTo(new URL(request.route, target));
  const status = typeof answer === "string" ? undefined : answer.status;
  if (status === 200) return request;
  const isExpected = status !== undefined && status < 500;
  const expects = isExpected ? "which the scenario expects: ask for what users do" : "and the scenario expects 200";
  say(`GET ${request.route} ${status === undefined ? "is not answered" : `answers ${status}`}, ${expects}`);
  return isExpected ? { ...request, status } : request;
}

const portOf = ({ port, protocol }: URL): number => Number(port) || (protocol === "https:" ? 443 : 80);

/** The ways to count that are known: the presets, and OpenTelemetry's of Node, whose exporter leaves the unit out of the name. */
const ways: Stated[] = [...presetNames.map((preset) => ({ preset })), { preset: "otel", duration: "http_server_request_duration" }];

/**
 * Looks at a running service: sends it one request, since most libraries show nothing before the first, and reads its metrics where libraries have
 * them. Of one that does not answer nothing is read: what is at a library's own port would be somebody else's.
 */
export async function lookAtCounting(target: string): Promise<Counting> {
  const own = await answerTo(target);
  if (typeof own === "string") return { metrics: undefined, bucketsSeconds: [], silence: own };
  for (const stated of ways) {
    const metrics = resolveMapping(stated);
    if (typeof metrics === "string") continue;
    const places = placesOf(metrics, new URL(target));
    for (const place of places) {
      const answer = await answerTo(place);
      if (typeof answer === "string" || answer.status !== 200 || !isCountedBy(answer.text, metrics, stated.preset === "otel")) continue;
      const scrape = place.href === places.at(-1)?.href ? {} : { scrape: { path: place.pathname, port: portOf(place) } };
      const mapping = { ...stated, ...scrape };
      return {
        metrics: Object.keys(mapping).length === 1 ? mapping.preset : mapping,
        bucketsSeconds: bucketsOf(answer.text, metrics),
        readAt: place.href,
      };
    }
  }
  return { metrics: undefined, bucketsSeconds: [], histogram: await histogramAt(new URL("/metrics", target)) };
}

/** Names the first histogram that is none of a runtime's, and its labels. */
async function histogramAt(place: URL): Promise<string | undefined> {
  const answer = await answerTo(place);
  const text = typeof answer === "string" ? "" : answer.text;
  const name = [...text.matchAll(/^# TYPE (\S+) histogram/gm)].flatMap(([, each = ""]) => (ofRuntime.test(each) ? [] : [each]))[0];
  const [line = ""] = series(text, `${name}_bucket`);
  const labels = [...line.matchAll(/[{,](\w+)="/g)].flatMap(([, label = ""]) => (label === "le" ? [] : [label]));
  return name === undefined ? undefined : `${name}${labels.length === 0 ? "" : ` by ${labels.join(", ")}`}`;
}

/** Lists where a library's metrics may be: beside the service, and last where a spec looks for them without being told. */
function placesOf({ scrape }: Metrics, target: URL): URL[] {
  const beside = new URL("/metrics", target);
  const usual = new URL(scrape.path, target);
  if (scrape.port !== undefined) usual.port = String(scrape.port);
  return beside.href === usual.href ? [usual] : [beside, usual];
}

const series = (text: string, metric: string): string[] => text.split("\n").filter((line) => line.startsWith(`${metric}{`));

/** Tells libraries that share a metric's name apart by their labels. OpenTelemetry's name is its own, and has a route only where a framework tells it. */
function isCountedBy(text: string, { requests, labels }: Metrics, mayLackRoute: boolean): boolean {
  const needed = [labels.status, mayLackRoute ? undefined : labels.route].filter((label) => label !== undefined);
  return series(text, requests).some((line) => needed.every((label) => new RegExp(`[{,]${label}="`).test(line)));
}

function bucketsOf(text: string, { duration }: Metrics): number[] {
  if (duration === undefined) return [];
  const bounds = series(text, `${duration.metric}_bucket`).map(
    (line) => Number(/[{,]le="([^"]+)"/.exec(line)?.[1]) / duration.unitsPerSecond,
  );
  return [...new Set(bounds)].filter((bound) => Number.isFinite(bound)).toSorted((a, b) => a - b);
}
