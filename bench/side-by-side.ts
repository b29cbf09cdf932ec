import { column, inRounds, row, shown, type Bench, type Row } from "./figure.ts";

/** One of two things that are compared: its name, and how its CPU seconds a request are measured once. */
export interface Side {
  name: string;
  perRequest: () => Promise<number>;
}

/** What to compare, how often, and how many times as much the first side may take. */
export interface Comparison {
  what: string;
  rounds: number;
  first: Side;
  second: Side;
  atMost: number;
}

/** Measures both sides in each round, so that whatever else the machine does meets both; whoever goes first in one round goes second in the next. */
export async function sideBySide(bench: Pick<Bench, "say">, { what, rounds, first, second, atMost }: Comparison): Promise<Row[]> {
  const pairs = await inRounds(bench, rounds, async (round) => {
    const early = round % 2 === 1 ? await first.perRequest() : undefined;
    const ofSecond = await second.perRequest();
    const ofFirst = early ?? (await first.perRequest());
    const told = `${first.name} ${shown(ofFirst, "microseconds")}, ${second.name} ${shown(ofSecond, "microseconds")} a request`;
    return [{ ofFirst, ofSecond, ratio: ofFirst / ofSecond }, told];
  });
  return [
    row(`${what}, ${first.name} ÷ ${second.name}`, "ratio", column(pairs, "ratio"), atMost),
    row(`${what}, ${first.name}`, "microseconds", column(pairs, "ofFirst")),
    row(`${what}, ${second.name}`, "microseconds", column(pairs, "ofSecond")),
  ];
}
