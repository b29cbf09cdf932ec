/** Parts of the names of fields, headers and query parameters whose value is likely a secret; small, without - and _. */
const telling =
  "passwd password passphrase secret token apikey accesskey privatekey authorization credential cookie session signature cardnumber".split(
    " ",
  );
const tellingWhole = new Set(["jwt", "sid", "otp", "pin", "cvv", "iban", "sig"]);
const masked = "***";

function isTelling(name: string): boolean {
  const plain = name.toLowerCase().replace(/[-_.]/g, "");
  return tellingWhole.has(plain) || telling.some((part) => plain.includes(part));
}

/** A name and its value as JSON, headers, queries, forms and YAML write them, within a quoted text as well; the value may be cut off. */
const pair =
  /([\w.-]{1,80})(\\?["']?\s*(?:[:=]|%3[Dd])\s*)(\\"[^"]*"?|"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|\[[^\]]*\]?|\{[^}]*\}?|[^\s&;,"'<>}\]]+)/g;
const element = /(<([\w.:-]{1,80})[^<>]*>)([^<]+)/g;
const rest = /((?:authorization|cookie)\\?["']?\s*[:=]\s*)[^\n<>}]+/gi;
const long = /[\w+=]{40,}/g;
/** Tokens that are known by their looks: of a scheme, in an address, a JSON web token, keys of clouds and forges, a private key. */
const looks = [
  [/\b(Bearer|Basic|Digest|Negotiate)\s+[\w.~+/=-]{4,}/gi, `$1 ${masked}`],
  [/\/\/[^/\s@"']+@/g, `//${masked}@`],
  [/\beyJ[\w-]{5,}(?:\.[\w-]*){0,4}/g, masked],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{12,}|\b(?:gh[opsur]|glpat|xox[abprs]|sk|pk|rk)[_-][\w-]{10,}/g, masked],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*/g, masked],
] as const;

/** Pairs may stand in a pair's value, and so on: what lies deeper than anybody writes by hand is masked unseen. */
const deepest = 20;

function maskPairs(text: string, depth = 0): string {
  if (depth > deepest) return masked;
  return text.replace(pair, (_, name: string, between: string, value: string) => {
    if (!isTelling(name)) return name + between + (/[:=]|%3d/i.test(value) ? maskPairs(value, depth + 1) : value);
    const quote = /^\\?["']/.exec(value)?.[0] ?? "";
    return name + between + quote + masked + quote;
  });
}

/** Masks what is likely a secret in a text: values of telling names, and tokens by their looks. */
export function maskSecrets(text: string): string {
  const known = looks.reduce((kept, [pattern, by]) => kept.replace(pattern, by), text).replace(rest, `$1${masked}`);
  const elements = known.replace(element, (all, opening: string, name: string) => (isTelling(name) ? opening + masked : all));
  return maskPairs(elements).replace(long, (word) => (/\d/.test(word) && /[A-Za-z]/.test(word) ? masked : word));
}

/** Masks a value of a telling name, and in any other what is likely a secret. */
export const maskedValue = (name: string, value: string): string => (isTelling(name) ? masked : maskSecrets(value));

export const maskedSecrets = <T>(value: T): T =>
  JSON.parse(JSON.stringify(value), (_, one: unknown) => (typeof one === "string" ? maskSecrets(one) : one)) as T;
