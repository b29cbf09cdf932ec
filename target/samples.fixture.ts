/** Reads Prometheus text into a map from `name{a="1",b="2"}`, labels sorted by name, to the value. */
export function readSamples(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split("\n")) {
    const match = /^([a-z_:][\w:]*)(?:\{(.*)\})? (\S+)$/i.exec(line);
    if (match === null) continue;
    const labels = [...(match[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([pair]) => pair).toSorted();
    samples.set(labels.length === 0 ? `${match[1]}` : `${match[1]}{${labels.join(",")}}`, Number(match[3]));
  }
  return samples;
}

/** Gives the counts of the duration histogram by `METHOD route status`, those above zero only. */
export function requestCounts(text: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [key, value] of readSamples(text)) {
    const match = /^http_request_duration_seconds_count\{method="(.*)",route="(.*)",status_code="(.*)"\}$/.exec(key);
    if (match !== null && value > 0) counts[`${match[1]} ${match[2]} ${match[3]}`] = value;
  }
  return counts;
}
