import { capitalised, runOrigin } from "../facts.ts";
import { shortName } from "../headline.ts";
import { duration, elapsed } from "../numbers.ts";
import { type ReportSample, sampleOutcome } from "../samples.ts";
import type { Report } from "../schema.ts";
import { markup, type Markup, nothing } from "./markup.ts";

/** Lists the samples of failing and slow requests, with filters by route and outcome that need the page's script. */
export function samplesSection(report: Report): Markup {
  const samples = report.samples ?? [];
  if (samples.length === 0) return nothing;
  const routeOf = ({ method, route }: ReportSample): string => shortName(`${method} ${route}`);
  const rows = samples.map((sample) => sampleDetails(sample, report, routeOf(sample)));
  return markup`<section class="samples"><h2>Failing and slow requests</h2>
    <p class="about">At most 20 of each route and outcome, a fair choice over the run; likely secrets are masked.</p>
    <p class="filters">${chooser("route", samples.map(routeOf))} ${chooser("outcome", samples.map(sampleOutcome))}</p>${rows}</section>`;
}

function chooser(name: string, values: readonly string[]): Markup {
  const options = [...new Set(values)].toSorted().map((value) => markup`<option value="${value}">${value}</option>`);
  return markup`<label>${capitalised(name)} <select data-filter="${name}"><option value="">all</option>${options}</select></label>`;
}

function sampleDetails(sample: ReportSample, report: Report, route: string): Markup {
  const { method, path, durationSeconds, phasesSeconds, error, errorCode, requestId, traceId, answer, log } = sample;
  const outcome = sampleOutcome(sample);
  const phases = Object.entries(phasesSeconds).flatMap(([phase, seconds]) => (seconds > 0 ? [`${phase} ${duration(seconds)}`] : []));
  const facts: [string, string][] = [
    ["route", route],
    ["took", `${duration(durationSeconds)}${phases.length === 0 ? "" : ` (${phases.join(", ")})`}`],
    ["k6's error", error === "" ? "" : `${error} (${errorCode})`],
    ["request id", requestId],
    ["trace id", traceId],
  ];
  const shown = facts.filter(([, value]) => value !== "").map(([label, value]) => markup`<div><dt>${label}</dt><dd>${value}</dd></div>`);
  const block = (title: string, lines: readonly string[]): Markup =>
    lines.length === 0
      ? nothing
      : markup`<p class="query-title">${title}</p><pre tabindex="0"><code>${lines.map((line) => markup`${line}<br>`)}</code></pre>`;
  return markup`<details class="sample" data-route="${route}" data-outcome="${outcome}">
    <summary>${elapsed(sample.atSeconds - runOrigin(report))} <bdi><code>${method} ${path}</code></bdi> ${outcome}</summary>
    <dl>${shown}</dl>${block("Beginning of the answer", answer === "" ? [] : [answer])}${block("The service's log", log)}</details>`;
}
