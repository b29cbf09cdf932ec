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

/** The steps of a load: where it begins, and between which it fills whole steps. */
export interface LoadSteps {
  begins: number;
  from: number;
  to: number;
}

/** Finds the steps that a load fills, by the requests that it has sent; a grid ends a second after k6. */
export function loadSteps(requests: Line, begins: number): LoadSteps {
  const from = requests.findIndex((value) => value !== null && value > 0);
  const rose = requests.findLastIndex((value, i) => (value ?? 0) > (requests[i - 1] ?? 0));
  const end = requests.length - 2;
  return { begins, from, to: Math.max(from + 1, rose < end - 1 ? end : rose - 1) };
}

/**
 * Turns a cumulative line into growth a second around each moment; null where either end is missing or the counter went back. Within a load only its
 * own whole steps count, as near as there are: what lies before and after it would look like a lower rate.
 */
export function growth(line: Line, stepSeconds: number, { back, ahead }: Around, load?: LoadSteps): Line {
  const first = line.findIndex((value) => value !== null);
  const [least, most] = load === undefined ? [first, line.length - 1] : [Math.max(first, load.from), Math.min(load.to, line.length - 1)];
  return line.map((here, i) => {
    if (here === null || (load !== undefined && i > load.to + 1)) return null;
    let [start, end] = [Math.max(i - back, first), Math.min(i + ahead, line.length - 1)];
    if (load !== undefined && i < load.begins) end = Math.min(end, load.begins);
    else if (load !== undefined) {
      start = Math.max(least, Math.min(start, most - back - ahead));
      end = Math.min(most, start + back + ahead);
    }
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
