import { shown, type Bench, type Row } from "./figure.ts";

/** Is one of two things that are compared: its name, and how its CPU seconds a request are measured once. */
export interface Side {
  name: string;
  perRequest: () => Promise<number>;
}

/** Says what to compare, how often, and how many times as much the first side may take. */
export interface Comparison {
  what: string;
  rounds: number;
  first: Side;
  second: Side;
  atMost: number;
}

/** Measures both sides in each round, so that whatever else the machine does meets both; whoever goes first in one round goes second in the next. */
export async function sideBySide({ say }: Pick<Bench, "say">, { what, rounds, first, second, atMost }: Comparison): Promise<Row[]> {
  const pairs: { ofFirst: number; ofSecond: number }[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const early = round % 2 === 1 ? await first.perRequest() : undefined;
    const ofSecond = await second.perRequest();
    const ofFirst = early ?? (await first.perRequest());
    pairs.push({ ofFirst, ofSecond });
    const [one, other] = [shown(ofFirst, "microseconds"), shown(ofSecond, "microseconds")];
    say(`round ${round} of ${rounds}: ${first.name} ${one}, ${second.name} ${other} a request`);
  }
  return [
    {
      what: `${what}, ${first.name} ÷ ${second.name}`,
      unit: "ratio",
      values: pairs.map(({ ofFirst, ofSecond }) => ofFirst / ofSecond),
      goal: { atMost, by: "median" },
    },
    { what: `${what}, ${first.name}`, unit: "microseconds", values: pairs.map(({ ofFirst }) => ofFirst) },
    { what: `${what}, ${second.name}`, unit: "microseconds", values: pairs.map(({ ofSecond }) => ofSecond) },
  ];
}
