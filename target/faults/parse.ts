import type { z } from "zod";
import { faultPresets } from "./presets.ts";
import { faultKinds, faultRulesSchema, type FaultRule, fixedOperation, ruleMatches } from "./rules.ts";

/** A list of rules, or the sentences that say what is wrong with it. */
export type ParsedRules = { kind: "rules"; rules: FaultRule[] } | { kind: "problems"; problems: string[] };

type Places = readonly { method: string; route: string }[];

/** Reads the text of the environment: a JSON array of rules, the name of a preset, or nothing. */
export function parseFaultText(text: string, places: Places): ParsedRules {
  const trimmed = text.trim();
  if (trimmed === "") return { kind: "rules", rules: [] };
  if (!/^[[{"]/.test(trimmed)) return parsePreset(trimmed);
  try {
    return parseFaultRules(JSON.parse(trimmed), places);
  } catch (error) {
    return { kind: "problems", problems: [`is not JSON: ${error instanceof Error ? error.message : String(error)}`] };
  }
}

/** Looks a preset up by its name. */
export function parsePreset(name: string): ParsedRules {
  const rules = Object.entries(faultPresets).find(([preset]) => preset === name)?.[1];
  if (rules !== undefined) return { kind: "rules", rules: [...rules] };
  return { kind: "problems", problems: [`no preset "${name}"; there are: ${Object.keys(faultPresets).join(", ")}`] };
}

/** Validates a list of rules; a rule that touches no operation of the service is a problem, not a silent nothing. */
export function parseFaultRules(value: unknown, places: Places): ParsedRules {
  const parsed = faultRulesSchema.safeParse(value);
  if (!parsed.success) return { kind: "problems", problems: sentences(parsed.error) };
  const there = places.map(({ method, route }) => `${method} ${route}`).join(", ");
  const problems = parsed.data.flatMap((rule, index) => {
    if (fixedOperation(rule.kind) !== undefined || places.some(({ method, route }) => ruleMatches(rule, method, route))) return [];
    return [`[${index}]: no route of this service matches; there are: ${there}`];
  });
  return problems.length > 0 ? { kind: "problems", problems } : { kind: "rules", rules: parsed.data };
}

function sentences(error: z.ZodError): string[] {
  return error.issues.map((issue) => {
    const path = issue.path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
    return path === "" ? words(issue) : `${path}: ${words(issue)}`;
  });
}

/** Says what is wrong in the words of the rules, where the library has only its own. */
function words(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "unrecognized_keys":
      return `there is no ${issue.keys.map((key) => `"${key}"`).join(", ")} here`;
    case "invalid_value":
      return `must be one of ${issue.values.map(String).join(", ")}`;
    case "too_small":
      return `must be at least ${issue.minimum}`;
    case "too_big":
      return `must be at most ${issue.maximum}`;
    case "invalid_type":
      return `must be ${/^[aeiou]/.test(issue.expected) ? "an" : "a"} ${issue.expected}`;
    case "invalid_union":
      return issue.discriminator === "kind" ? `must be one of ${faultKinds.join(", ")}` : 'must be such as { "constant": 0.4 } (seconds)';
    default:
      return issue.message;
  }
}
