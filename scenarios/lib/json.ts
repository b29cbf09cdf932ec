import type { Json, User } from "../../target/api/contract.ts";

/** Says whether two JSON values are equal; the order of an object's keys does not matter. */
export function sameJson(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => sameJson(item, b[i] as Json));
  }
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key] as Json, b[key] as Json));
}

/** Says whether a text is the JSON of a given value. */
export function isJsonOf(text: string, value: Json): boolean {
  const parsed = parse(text);
  return parsed !== undefined && sameJson(parsed as Json, value);
}

/** Says whether a text is the answer of `GET /api/users`: `{"users":[…]}` and nothing but whole users. */
export function isUsers(text: string): boolean {
  const parsed = parse(text);
  const users = typeof parsed === "object" && parsed !== null && "users" in parsed ? parsed.users : undefined;
  return Array.isArray(users) && users.every(isUser);
}

function isUser(it: unknown): it is User {
  if (typeof it !== "object" || it === null) return false;
  const { id, name, email } = it as Record<string, unknown>;
  return typeof id === "number" && typeof name === "string" && typeof email === "string";
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
