/** A line of a chart: one value a step, null where there is no sample. */
export type Line = (number | null)[];

/** Gives a number that can be drawn; anything else is no sample. */
export const finite = (value: number | undefined): number | null => (value !== undefined && Number.isFinite(value) ? value : null);

/** How many steps a moment's rate looks back and ahead: k6 pushes once a second, and a service is scraped now and then, so single steps hold too many or too few. */
export interface Around {
  back: number;
  ahead: number;
}

/** The step alone that ends at a moment. */
export const oneStep: Around = { back: 1, ahead: 0 };

/** Says of what k6 counts that it was 0 from the beginning of the load until its first sample: a series comes with its first event. */
export function fromZero(line: Line, begins: number): Line {
  const first = line.findIndex((value) => value !== null);
  return line.map((value, i) => (i >= begins && i < first ? 0 : value));
}

/** Turns a cumulative line into growth a second around each moment; null where either end is missing or the counter went back. */
export function growth(line: Line, stepSeconds: number, { back, ahead }: Around): Line {
  const first = line.findIndex((value) => value !== null);
  return line.map((here, i) => {
    if (here === null) return null;
    const [start, end] = [Math.max(i - back, first), Math.min(i + ahead, line.length - 1)];
    const [before, value] = [line[start], line[end]];
    if (before === undefined || before === null || value === undefined || value === null || value < before || end === start) return null;
    return (value - before) / (stepSeconds * (end - start));
  });
}

/** Divides one line by another, moment by moment. */
export function ratio(part: Line, whole: Line): Line {
  return whole.map((total, i) => {
    const some = part[i] ?? null;
    return total === null || total === 0 || some === null ? null : some / total;
  });
}
