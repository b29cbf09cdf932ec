import { markup, type Markup } from "./markup.ts";

/** Draws the load line of a ship with the water at the budget that was spent: above the line, it is too much. `undefined` draws no water. */
export function loadMark(budgetSpent: number | undefined): Markup {
  const level = budgetSpent === undefined ? undefined : 48 + (1 - Math.min(2, Math.max(0, budgetSpent))) * 34;
  const water =
    level === undefined ? markup`` : markup`<rect class="water" x="0" y="${tenth(level)}" width="96" height="${tenth(96 - level)}"/>`;
  return markup`<svg class="mark" viewBox="0 0 96 96" width="96" height="96" aria-hidden="true" focusable="false">
    <rect class="hull" x="0" y="0" width="96" height="96"/>${water}<circle class="ring" cx="48" cy="48" r="25"/>
    <rect class="load-line" x="6" y="45.5" width="84" height="5"/></svg>`;
}

/** Draws the budget spent as a bar, with a mark at 100%; beyond it each mark is ten times the one before, up to 10,000%. */
export function gauge(budgetSpent: number): Markup {
  const full = 160;
  const beyond = 30;
  const share = Math.max(0, Number.isFinite(budgetSpent) ? budgetSpent : 100);
  const end = share <= 1 ? 100 * share : Math.min(full, 100 + beyond * Math.log10(share));
  return markup`<svg class="gauge" viewBox="0 0 ${full} 12" width="${full}" height="12" aria-hidden="true" focusable="false">
    <rect class="gauge-room" x="0" y="3" width="${full}" height="6"/>
    <rect class="gauge-spent" x="0" y="3" width="${tenth(end)}" height="6"/>
    <rect class="gauge-line" x="99" y="0" width="2" height="12"/><rect class="gauge-line" x="${100 + beyond}" y="2" width="1" height="8"/>
    <rect class="gauge-line" x="${full - 1}" y="2" width="1" height="8"/></svg>`;
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
