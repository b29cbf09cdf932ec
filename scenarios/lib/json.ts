/** Says whether a text is the JSON of a given value; the order of an object's keys does not matter. */
export function isJsonOf(text: string, value: unknown): boolean {
  const parsed = parseJson(text);
  return parsed !== undefined && canonical(parsed) === canonical(value);
}

/** Says whether a text is the answer of `GET /api/users`: `{"users":[…]}` and nothing but whole users. */
export function isUsers(text: string): boolean {
  const { users } = Object(parseJson(text)) as { users?: unknown };
  return Array.isArray(users) && users.every(isUser);
}

function isUser(it: unknown): boolean {
  const { id, name, email } = Object(it) as Record<string, unknown>;
  return typeof id === "number" && typeof name === "string" && typeof email === "string";
}

/** Writes JSON with the keys of each object in order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, it: unknown) =>
    typeof it === "object" && it !== null && !Array.isArray(it) ? Object.fromEntries(Object.entries(it).sort()) : it,
  );
}

/** Reads JSON; `undefined` where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
