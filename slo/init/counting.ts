import { presetNamed, presetNames, type Metrics } from "../spec/presets.ts";

/** How a running service counts its requests, as far as it can be seen. */
export interface Counting {
  /** The spec's `metrics`; undefined where nothing of a known library was found. */
  metrics: string | { preset: string; scrape: { path: string; port: number } } | undefined;
  /** Upper bounds of the latency buckets there are, seconds. */
  bucketsSeconds: number[];
}

async function textOf(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000), redirect: "manual" });
    const text = await response.text();
    return response.ok ? text : undefined;
  } catch {
    return undefined;
  }
}

const portOf = ({ port, protocol }: URL): number => Number(port) || (protocol === "https:" ? 443 : 80);

/** Looks at a running service: sends it one request, since most libraries show nothing before the first, and reads its metrics where libraries have them. */
export async function lookAtCounting(target: string): Promise<Counting> {
  await textOf(target);
  for (const name of presetNames) {
    const preset = presetNamed(name);
    for (const place of placesOf(preset, new URL(target))) {
      const text = await textOf(place.href);
      if (text === undefined || !isCountedBy(text, preset)) continue;
      const isUsual = place.href === placesOf(preset, new URL(target)).at(-1)?.href;
      const metrics = isUsual ? name : { preset: name, scrape: { path: place.pathname, port: portOf(place) } };
      return { metrics, bucketsSeconds: bucketsOf(text, preset) };
    }
  }
  return { metrics: undefined, bucketsSeconds: [] };
}

/** Lists where a library's metrics may be: beside the service, and last where a spec looks for them without being told. */
function placesOf({ scrape }: Metrics, target: URL): URL[] {
  const beside = new URL("/metrics", target);
  const usual = new URL(scrape.path, target);
  if (scrape.port !== undefined) usual.port = String(scrape.port);
  return beside.href === usual.href ? [usual] : [beside, usual];
}

const series = (text: string, metric: string): string[] => text.split("\n").filter((line) => line.startsWith(`${metric}{`));

function isCountedBy(text: string, { requests, labels }: Metrics): boolean {
  const [first] = series(text, requests);
  return first !== undefined && [labels.status, labels.route].every((label) => label === undefined || first.includes(`${label}="`));
}

function bucketsOf(text: string, { duration }: Metrics): number[] {
  if (duration === undefined) return [];
  const bounds = series(text, `${duration.metric}_bucket`).map(
    (line) => Number(/[{,]le="([^"]+)"/.exec(line)?.[1]) / duration.unitsPerSecond,
  );
  return [...new Set(bounds)].filter((bound) => Number.isFinite(bound)).toSorted((a, b) => a - b);
}
