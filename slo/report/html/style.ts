const light = `
  color-scheme: light;
  --paper: #fcfbf8; --panel: #f3f1eb; --ink: #1b1f24; --soft: #565d67; --rule: #d5d1c7; --grid: #ebe8e0; --band: #f0ede4;
  --met: #17653a; --exceeded: #a61b1b; --inconclusive: #775000; --interrupted: #4b5560;
  --shade: #1b1f2433; --hull: #e4e0d5; --water: #7fa9cc; --limit: #a61b1b; --focus: #0b5cad;
  --tone-1: #0b5cad; --tone-2: #b3470f; --tone-3: #5b6068; --tone-4: #6a3fa0; --tone-5: #1c7a5a; --tone-6: #a1135f;
`;

const dark = `
  color-scheme: dark;
  --paper: #15181c; --panel: #1e2227; --ink: #e8e6e1; --soft: #a9b0b9; --rule: #3b424b; --grid: #262b31; --band: #1d2127;
  --met: #6ecb95; --exceeded: #ff9389; --inconclusive: #e6b653; --interrupted: #b4bcc6;
  --shade: #000000b3; --hull: #2a3037; --water: #335a7d; --limit: #ff9389; --focus: #79b8ff;
  --tone-1: #79b8ff; --tone-2: #ffab70; --tone-3: #b6bcc4; --tone-4: #c9a6ff; --tone-5: #73d9ae; --tone-6: #ff8fc7;
`;

/** Is the page's style: two colour schemes (paper is always light), system fonts, nothing that moves. */
export const pageStyle = `
:root {${light}}
@media screen and (prefers-color-scheme: dark) { :root {${dark}} }
:root[data-paper] {${light}}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; overflow-wrap: anywhere; }
main, header.verdict, footer { max-width: 72rem; margin: 0 auto; padding: 0 1.25rem; }
h1, h2, h3, p, ul, dl, dd, figure { margin: 0; }
h2 { font-size: 1.1875rem; line-height: 1.3; font-weight: 650; margin: 0 0 0.75rem; }
h3 { font-size: 1rem; line-height: 1.35; font-weight: 650; }
section { padding: 1.75rem 0 0; }
section p + p, section p + div, section p + ul, section div + p, section div + ul { margin-top: 0.6rem; }
ul { padding-left: 1.15rem; }
li + li { margin-top: 0.3rem; }
.about, .empty, .place, figcaption p { color: var(--soft); font-size: 0.875rem; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; font-size: 0.8125rem; }
a { color: var(--focus); }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }

header.verdict { display: flex; gap: 1.5rem; align-items: center; padding-top: 2.25rem; padding-bottom: 1.5rem; }
.mark { flex: none; }
.hull { fill: var(--hull); }
.water { fill: var(--water); }
.ring { fill: none; stroke: var(--ink); stroke-width: 5; }
.load-line { fill: var(--ink); }
.subject { color: var(--soft); font-size: 0.9375rem; }
h1 { font-size: clamp(2.1rem, 1.5rem + 3vw, 3.25rem); line-height: 1.1; font-weight: 700; letter-spacing: -0.02em; }
.finding { font-size: 1.125rem; line-height: 1.4; margin-top: 0.3rem; }
.verdict-met h1, .badge.verdict-met { color: var(--met); }
.verdict-exceeded h1, .badge.verdict-exceeded { color: var(--exceeded); }
.verdict-inconclusive h1, .badge.verdict-inconclusive { color: var(--inconclusive); }
.verdict-interrupted h1 { color: var(--interrupted); }
.badge { font-weight: 650; white-space: nowrap; }
.badge .sign { display: inline-block; width: 1em; text-align: center; }

.glance { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); border: solid var(--rule); border-width: 1px 0; }
.glance > div { padding: 0.75rem 1rem 0.75rem 0; }
dt { color: var(--soft); font-size: 0.875rem; }
.glance dd { font-size: 1.1875rem; line-height: 1.35; font-weight: 600; font-variant-numeric: tabular-nums; }
.glance .about { font-weight: 400; display: block; }

.scroll {
  overflow-x: auto; overscroll-behavior-x: contain;
  background:
    linear-gradient(to right, var(--paper) 40%, transparent) left / 3rem 100% no-repeat local,
    linear-gradient(to left, var(--paper) 40%, transparent) right / 3rem 100% no-repeat local,
    linear-gradient(to right, var(--shade), transparent) left / 1.1rem 100% no-repeat scroll,
    linear-gradient(to left, var(--shade), transparent) right / 1.1rem 100% no-repeat scroll;
}
table { border-collapse: collapse; width: 100%; font-size: 0.9375rem; font-variant-numeric: tabular-nums; }
.scroll table { min-width: 44rem; }
.scroll table.narrow, .numbers table { min-width: 0; max-width: 34rem; }
th, td { text-align: left; vertical-align: top; padding: 0.55rem 1.5rem 0.55rem 0; border-bottom: 1px solid var(--rule); overflow-wrap: normal; }
th:last-child, td:last-child { padding-right: 0.25rem; }
thead th { color: var(--soft); font-size: 0.8125rem; font-weight: 500; white-space: nowrap; padding-top: 0; }
tbody th { font-weight: 600; overflow-wrap: anywhere; }
.objectives tbody th { min-width: 9rem; }
tbody th .about { display: block; font-weight: 400; }
.number { text-align: right; }
td.number { white-space: nowrap; }
td:not(.number) { overflow-wrap: anywhere; }
.spent { display: flex; gap: 0.6rem; align-items: center; white-space: nowrap; min-height: 1.5em; }
.gauge { width: 7.5rem; height: 0.75rem; flex: none; }
.gauge-room { fill: var(--hull); }
.gauge-line { fill: var(--ink); }
.verdict-met .gauge-spent { fill: var(--met); }
.verdict-exceeded .gauge-spent { fill: var(--exceeded); }
.verdict-inconclusive .gauge-spent { fill: var(--inconclusive); }

details { border-bottom: 1px solid var(--rule); }
summary { cursor: pointer; padding: 0.5rem 0; font-weight: 600; }
details > :not(summary) { margin: 0 0 0.75rem 1.1rem; }
details > ul { padding-left: 1.15rem; }
.query-title { color: var(--soft); font-size: 0.8125rem; }
details > .query-title { margin-bottom: 0.2rem; }
pre { background: var(--panel); padding: 0.65rem 0.8rem; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 16rem; overflow-y: auto; }

.charts { display: grid; grid-template-columns: minmax(0, 1fr); gap: 2rem 2.5rem; }
@media (min-width: 62rem) { .charts { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
figure { min-width: 0; }
figcaption { margin-bottom: 0.5rem; }
.scripted .plot { min-height: 15rem; }
.plot .uplot { font: inherit; line-height: 1.3; }
.plot .u-legend, .plot .u-legend tbody { display: flex; flex-wrap: wrap; gap: 0.1rem 1.1rem; width: auto; min-width: 0; margin: 0; }
.plot .u-legend { font-size: 0.8125rem; text-align: left; margin-top: 0.35rem; font-variant-numeric: tabular-nums; }
.plot .u-legend tr { display: inline-flex; align-items: baseline; margin: 0; }
.plot .u-legend th, .plot .u-legend td { border: 0; padding: 0.2rem 0; min-width: 0; color: var(--ink); font-weight: 500; font-size: 0.8125rem; overflow-wrap: anywhere; }
.plot .u-legend th::after { margin-right: 0.35em; }
.plot .u-legend tr:has(.u-value:empty) th::after { content: none; }
.plot .u-legend td { color: var(--soft); min-width: 3.4rem; white-space: nowrap; }
.plot .u-marker { height: 0; width: 1.6em; border-width: 2px 0 0 !important; margin-right: 0.4em; }
.plot .u-legend .u-series:first-child .u-marker { display: none; }
.plot .u-select { background: var(--focus); opacity: 0.15; }
.plot .u-cursor-x { border-color: var(--soft); }
.numbers { border-bottom: 0; }
.numbers summary { font-weight: 400; font-size: 0.875rem; color: var(--soft); }
.numbers > .scroll { margin-left: 0; }
.plain-empty { border: 1px dashed var(--rule); padding: 2.5rem 1rem; text-align: center; color: var(--soft); }

.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1.5rem 2.5rem; }
.facts h3 { margin-bottom: 0.35rem; }
.facts dl > div { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; padding: 0.35rem 0; border-top: 1px solid var(--rule); }
.facts dd { font-variant-numeric: tabular-nums; }
footer { color: var(--soft); font-size: 0.875rem; padding-top: 2.5rem; padding-bottom: 3rem; }

@media (max-width: 30rem) {
  header.verdict { gap: 1rem; align-items: flex-start; padding-top: 1.5rem; }
  .mark { width: 60px; height: 60px; }
  h1 { font-size: 1.85rem; }
  .finding { font-size: 1rem; }
  .gauge { display: none; }
  th, td { padding-right: 1rem; }
  .scroll table.objectives { min-width: 34rem; }
  .objectives tbody th { min-width: 7rem; width: 8rem; }
  .glance { grid-template-columns: repeat(2, minmax(0, 1fr)); }
}
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; scroll-behavior: auto !important; } }
@media print {
  @page { margin: 15mm; }
  body { font-size: 10pt; background: none; }
  main, header.verdict, footer { max-width: none; padding-left: 0; padding-right: 0; }
  .scroll { overflow: visible; background: none; }
  .scroll table { min-width: 0; }
  pre { max-height: none; }
  figure, tr, .glance, header.verdict { break-inside: avoid; }
  h2, h3, summary { break-after: avoid; }
}
`;
