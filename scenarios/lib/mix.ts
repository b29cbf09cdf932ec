import { hash32 } from "./random.ts";

export const actions = ["read", "write", "delete", "users", "echo"] as const;
export type Action = (typeof actions)[number];

/** Gives each action its weight, a whole number; an iteration is one action. */
export type Mix = Record<Action, number>;

/** How many requests of a route one iteration sends on average. */
export interface MixEntry {
  method: string;
  route: string;
  perIteration: number;
}

/** Names the requests that each action sends; `delete` first writes the bucket that it deletes. */
export const requestsOf: Record<Action, readonly (readonly [method: string, route: string])[]> = {
  read: [["GET", "/api/buckets/:id"]],
  write: [["PUT", "/api/buckets/:id"]],
  delete: [
    ["PUT", "/api/buckets/:id"],
    ["DELETE", "/api/buckets/:id"],
  ],
  users: [["GET", "/api/users"]],
  echo: [["POST", "/api/echo"]],
};

/** Says how many requests of each route an iteration sends on average; routes that never occur are left out. */
export function expectedRequests(mix: Mix): MixEntry[] {
  const all = actions.reduce((sum, action) => sum + mix[action], 0);
  const entries = new Map<string, MixEntry>();
  for (const action of actions.filter((action) => mix[action] > 0)) {
    for (const [method, route] of requestsOf[action]) {
      const before = entries.get(`${method} ${route}`)?.perIteration ?? 0;
      entries.set(`${method} ${route}`, { method, route, perIteration: before + mix[action] });
    }
  }
  return [...entries.values()].map((entry) => ({ ...entry, perIteration: entry.perIteration / all }));
}

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));

/** Shuffles a deck in which each action lies as often as its weight says, in lowest terms; iteration i plays card i mod length, so no share is left to chance. */
export function actionDeck<Name extends string>(mix: Readonly<Record<Name, number>>, seed: number): Name[] {
  const names = Object.keys(mix) as Name[];
  const unit = names.reduce((a, name) => divisor(a, mix[name]), 0);
  const deck = names.flatMap((name) => Array.from({ length: mix[name] / unit }, () => name));
  for (let i = deck.length - 1; i > 0; i -= 1) {
    const j = hash32(i, seed) % (i + 1);
    [deck[i], deck[j]] = [deck[j] as Name, deck[i] as Name];
  }
  return deck;
}
