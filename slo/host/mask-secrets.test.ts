import * as fc from "fast-check";
import { expect, test } from "vitest";
import { maskedSecrets, maskSecrets } from "./mask-secrets.ts";

test.each([
  ["a field of JSON", '{"user":"ann","password":"hunter2","n":1}', '{"user":"ann","password":"***","n":1}'],
  ["a field whose value is cut off", '{"accessToken": "abc def', '{"accessToken": "***"'],
  ["a value with a quote in it", String.raw`{"client_secret":"a\"b","x":"y"}`, '{"client_secret":"***","x":"y"}'],
  ["a number", '{"pin":1234,"shipping":"fast"}', '{"pin":***,"shipping":"fast"}'],
  [
    "JSON in a text of JSON",
    String.raw`{"body":"{\"password\":\"hunter2\",\"n\":1}"}`,
    String.raw`{"body":"{\"password\":\"***\",\"n\":1}"}`,
  ],
  [
    "a list and an object",
    '{"tokens":["a1","b2"],"n":{"credentials":{"user":"ann","key":"k"}},"x":[1]}',
    '{"tokens":***,"n":{"credentials":***},"x":[1]}',
  ],
  ["a pair in a value", "msg: password=hunter2 given", "msg: password=*** given"],
  ["all of a cookie", "Set-Cookie: sid=abc; theme=dark", "Set-Cookie: ***"],
  ["a query", "/login?user=ann&api_key=abc123&next=/home&sig=x", "/login?user=ann&api_key=***&next=/home&sig=***"],
  ["a session's id and a percent-encoded query", "/x?sid=77&next=%2Fhome%3Ftoken%3Dabc%26a%3D1", "/x?sid=***&next=%2Fhome%3Ftoken%3D***"],
  ["a form", "name=ann&session-id=77", "name=ann&session-id=***"],
  ["XML", "<a><password type='x'>hunter2</password></a>", "<a><password type='x'>***</password></a>"],
  ["a header", "Authorization: Token abcdefgh12345", "Authorization: ***"],
  ["a bearer token in a sentence", "sent Bearer abcd1234 to it", "sent Bearer *** to it"],
  ["credentials in an address", 'Get "http://ann:hunter2@host/x": dial', 'Get "http://***@host/x": dial'],
  ["a JSON web token", "/reset/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln/done", "/reset/***/done"],
  ["a cloud's key", "key AKIAIOSFODNN7EXAMPLE used", "key *** used"],
  ["a forge's token", "ghp_abcdefghij0123456789", "***"],
  ["a private key", "x -----BEGIN RSA PRIVATE KEY-----\nabc", "x ***"],
  ["what is long and drawn by chance", `/f/${"a1B2".repeat(12)}`, "/f/***"],
])("%s is masked", (_, text, masked) => expect(maskSecrets(text)).toBe(masked));

test.each([
  ["a route", "/api/buckets/plimsoll-own-0-smoke-1234"],
  ["an error's text", '{"error":"internal server error","code":500,"requestId":"req-1"}'],
  ["an id", "/orders/3f2504e0-4f89-41d3-9a0c-0305e82c3301"],
  ["a sentence", "the shipping address of this order is missing a house number"],
])("%s stays as it is", (_, text) => expect(maskSecrets(text)).toBe(text));

test("a secret is nowhere left, whatever stands around it", () => {
  const around = fc.string({ maxLength: 40 }).filter((text) => !/["'\\<]/.test(text));
  fc.assert(
    fc.property(around, around, fc.constantFrom("password", "api_key", "x-auth-token", "Set-Cookie"), (before, after, name) => {
      const secret = "s3cr3tV4lue";
      expect(maskSecrets(`${before} {"${name}":"${secret}"} ${after}`)).not.toContain(secret);
    }),
  );
});

test.each(["x=", "a:{", "x:[", "authorization", '"', "//"])("a long text of %s ends", (part) => {
  expect(maskSecrets(part.repeat(20_000)).length).toBeGreaterThan(0);
});

test("in a value's every text, and nothing else is changed", () => {
  const routes = [{ route: "http://shop/a?access_token=s3cret", requests: 7, statuses: { 200: 7 }, at: null }];
  expect(maskedSecrets(routes)).toEqual([{ ...routes[0], route: "http://shop/a?access_token=***" }]);
});
