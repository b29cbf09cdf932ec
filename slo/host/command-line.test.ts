import { expect, test } from "vitest";
import { shownCommand } from "./command-line.ts";

test.each<[string, string[], string]>([
  ["a command is as it was typed", ["load", "--scenario", "smoke", "--rate", "50"], "--scenario smoke --rate 50"],
  [
    "a value of a key that sounds secret is hidden",
    ["load", "--set", "API_TOKEN=abc", "--set", "users=5"],
    "--set API_TOKEN=*** --set users=5",
  ],
  ["credentials in a URL are hidden", ["load", "--set", "base=http://me:pw@shop/x?y=1"], '--set "base=http://***@shop/x?y=1"'],
  [
    "a key in a query is hidden",
    ["load", "--set", "base=http://shop/x?y=1&access_token=abc"],
    '--set "base=http://shop/x?y=1&access_token=***"',
  ],
  ["a bearer token is hidden wherever it stands", ["load", "--set", "h=Bearer abc.def"], "--set h=***"],
  ["a signed token is hidden by its look", ["load", "--set", "x=eyJhbGciOi.eyJzdWIiOi.c2ln"], "--set x=***"],
  ["the value of a flag that sounds secret is hidden", ["load", "--password", "abc"], "--password ***"],
  ["what a shell would split is quoted", ["load", "--fault", '[{"kind":"drop"}]'], '--fault "[{\\"kind\\":\\"drop\\"}]"'],
])("%s", (_, argv, expected) => {
  expect(shownCommand(argv)).toBe(`npm run load -- ${expected}`);
});
