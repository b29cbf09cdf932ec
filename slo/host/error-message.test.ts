import { expect, test } from "vitest";
import { errorMessage } from "./error-message.ts";

const refused = (address: string): Error => new Error(`connect ECONNREFUSED ${address}`);

test.each<[string, unknown, string]>([
  ["an error is its message", new Error("no"), "no"],
  ["an error without a message is its name", new TypeError(), "TypeError"],
  [
    "a cause follows what it caused",
    new TypeError("fetch failed", { cause: refused("127.0.0.1:1") }),
    "fetch failed: connect ECONNREFUSED 127.0.0.1:1",
  ],
  ["a cause that is quoted is not said twice", new Error("A cannot be read: gone", { cause: new Error("gone") }), "A cannot be read: gone"],
  [
    "several are each said",
    new AggregateError([refused("::1:1"), refused("127.0.0.1:1")]),
    "connect ECONNREFUSED ::1:1; connect ECONNREFUSED 127.0.0.1:1",
  ],
  ["several that say the same are said once", new AggregateError([new Error("x"), new Error("x")]), "x"],
  ["several without any are their own message", new AggregateError([], "none"), "none"],
  [
    "several as a cause are said",
    new TypeError("fetch failed", { cause: new AggregateError([refused("::1:1")]) }),
    "fetch failed: connect ECONNREFUSED ::1:1",
  ],
  ["what is no error is shown as it is", "text", "text"],
  ["nothing is shown as it is", undefined, "undefined"],
])("%s", (_sentence, error, text) => {
  expect(errorMessage(error)).toBe(text);
});
