/** Names of fields, headers and query parameters whose value is likely a secret. */
const words =
  "passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|authorization|credential|cookie|session|signature|card[_-]?number";
const names = String.raw`(?:[\w.-]*(?:${words})[\w.-]*|jwt|otp|pin|cvv|iban|sig)`;
const masked = "***";

const masks: readonly [RegExp, string][] = [
  // "name": "value", "name": 123 and 'name': 'value'; the value may be cut off.
  [new RegExp(String.raw`((["'])${names}\2\s*:\s*)(?:"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[^\s,}\]]+)`, "gi"), `$1"${masked}"`],
  [new RegExp(String.raw`(<(${names})(?:\s[^>]*)?>)[^<]*`, "gi"), `$1${masked}`],
  [new RegExp(String.raw`\b(${names}\s*=\s*)(?:"[^"]*"?|'[^']*'?|[^\s&;,"'<>]+)`, "gi"), `$1${masked}`],
  [new RegExp(String.raw`\b(${names}\s*:\s+)[^\s,;"'<>]+(?:\s+[\w.~+/=-]{8,})?`, "gi"), `$1${masked}`],
  [/\b(Bearer|Basic|Digest|Negotiate)\s+[\w.~+/=-]{4,}/gi, `$1 ${masked}`],
  [/\/\/[^/\s@"']+@/g, `//${masked}@`],
  // A JSON web token, keys of clouds and forges, a private key, and whatever else is long and looks drawn by chance.
  [/\beyJ[\w-]{5,}(?:\.[\w-]*){0,4}/g, masked],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{12,}|\b(?:gh[opsur]|glpat|xox[abprs]|sk|pk|rk)[_-][\w-]{10,}/g, masked],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*/g, masked],
  [/(?<![\w+=])(?=[\w+=]*\d)(?=[\w+=]*[A-Za-z])[\w+=]{40,}/g, masked],
];

/** Masks what is likely a secret in a text: values of telling names, and tokens by their looks. */
export function withoutSecrets(text: string): string {
  return masks.reduce((kept, [pattern, by]) => kept.replace(pattern, by), text);
}
