import type { RunRecord } from "../run/record.ts";
import type { SentCounts } from "../run/relay/sent-totals.ts";
import { groupOfSetup, isJudged, k6Labels, k6Metrics, ownClient, warmupScenario } from "../spec/names.ts";
import { amount, listed } from "../spec/words.ts";

/** What a reader has to know of a scenario of ours. */
const nothing: { caveats: readonly string[]; notes: readonly string[] } = { caveats: [], notes: [] };

/** Tells where a user script's ways hide what a verdict seems to say: load that went elsewhere, failures that it calls expected, checks that nobody asked about. */
export function userScriptFacts(record: RunRecord, sent: SentCounts): typeof nothing {
  if (record.script === null) return nothing;
  const went = destinations(record, sent);
  const notes = [...went.notes, ...expectedFailures(sent), ...failedChecks(record, sent), ...rareChecks(sent)];
  return { caveats: [...went.caveats, ...notJudged(sent)], notes };
}

/** Compares where requests went with the target; k6 names a request by its URL where the script gives it no other name. */
function destinations({ target }: RunRecord, sent: SentCounts): typeof nothing {
  const own = originOf(target) ?? target;
  let [there, elsewhere, unknown] = [0, 0, 0];
  const others = new Set<string>();
  for (const { labels, value } of sent.valuesOf(k6Metrics.requests)) {
    const origin = originOf(labels[k6Labels.name]);
    if (origin === undefined) unknown += value;
    else if (origin === own) there += value;
    else {
      elsewhere += value;
      others.add(origin);
    }
  }
  if (elsewhere === 0) return nothing;
  const where = `${[...others].slice(0, 3).join(", ")}${others.size > 3 ? ` and ${others.size - 3} other hosts` : ""}`;
  const caveat = `the script sent nothing to ${own}, only to ${where}: give that as --target, or let it read __ENV.PLIMSOLL_TARGET`;
  if (there === 0 && unknown === 0) return { caveats: [caveat], notes: [] };
  return { caveats: [], notes: [`${elsewhere} of the requests went to ${where}, not to ${own}, and are counted too`] };
}

/** Tells which requests are named by another host's URL. */
export function namedElsewhere({ target, script }: Pick<RunRecord, "target" | "script">): (name: string) => boolean {
  const own = originOf(target) ?? target;
  return (name) => script !== null && (originOf(name) ?? own) !== own;
}

function originOf(name: string | undefined): string | undefined {
  const url = name !== undefined && /^https?:\/\//.test(name) ? URL.parse(name) : null;
  // A template's gap (`${}`), or what else can be no host, is nobody's name.
  if (url === null || !/^(\[[\da-f:.]+\]|[\w.-]+)$/.test(url.hostname)) return undefined;
  return url.origin.replace("//localhost", "//127.0.0.1");
}

/** Tells samples that no objective reads and that are none of setup() or teardown(), by the group that k6 gives these. */
const isWithoutScenario = (labels: Readonly<Record<string, string>>): boolean =>
  (labels[k6Labels.scenario] ?? "") === "" && !new RegExp(`^(${groupOfSetup})$`).test(labels[k6Labels.group] ?? "");

/** What our own scenarios call their warm-up is never judged, so a script's scenario or tag of that name would hide what became of it. */
function notJudged(sent: SentCounts): string[] {
  const ofWarmup = (metric: string, isOfClient: boolean): number =>
    sent.sumOf(
      metric,
      (labels) => labels[k6Labels.scenario] === warmupScenario && (labels[k6Labels.countedBy] === ownClient) === isOfClient,
    );
  const isOurs = ofWarmup(k6Metrics.requests, true) > 0; // the warm-up of plimsoll/k6, which is meant not to be judged
  const others = [k6Metrics.droppedIterations, k6Metrics.countedChecks, k6Metrics.countedRates];
  const hidden = ofWarmup(k6Metrics.requests, false) + (isOurs ? 0 : others.reduce((sum, metric) => sum + ofWarmup(metric, false), 0));
  const without = [k6Metrics.requests, ...others].reduce((sum, metric) => sum + sent.sumOf(metric, isWithoutScenario), 0);
  const what = "of the script's requests, dropped iterations, checks and rates carry";
  return [
    ...(hidden > 0
      ? [`${hidden} ${what} scenario="${warmupScenario}", which is never judged: give that scenario, or tag, another name`]
      : []),
    ...(without > 0
      ? [`${without} ${what} no scenario, so they are not judged: leave the tag as k6 sets it, and scenario and group in systemTags`]
      : []),
  ];
}

function expectedFailures(sent: SentCounts): string[] {
  const isFailure: typeof isJudged = (labels) => isJudged(labels) && (labels[k6Labels.status] ?? "").startsWith("5");
  const failures = sent.sumOf(k6Metrics.requests, (labels) => isFailure(labels) && labels[k6Labels.expectedResponse] === "true");
  const [one, several] = [
    "answer was 5xx, and the script calls it expected: it counts",
    "answers were 5xx, and the script calls them expected: they count",
  ];
  return failures > 0 ? [`${amount(failures, one, several)} as good`] : [];
}

function failedChecks({ k6 }: RunRecord, sent: SentCounts): string[] {
  const { passes = 0, fails = 0 } = k6?.checks ?? {};
  if (fails === 0) return [];
  const failed = sent.valuesOf(k6Metrics.countedChecks).filter(({ labels }) => labels[k6Labels.countedGood] === "false");
  const names = [...Map.groupBy(failed, ({ labels }) => labels[k6Labels.check] ?? "")].map(
    ([name, all]) => `${JSON.stringify(name)} ${all.reduce((sum, { value }) => sum + value, 0)} times`,
  );
  const which = names.length === 0 ? "" : ` (${listed(names, 5)})`;
  return [`${fails} of ${passes + fails} of the script's checks failed${which}; only those decide that an objective is about`];
}

/** Names the checks that were made less often than the iterations around them: one that an answer never came to, as in a callback, is in no count. */
function rareChecks(sent: SentCounts): string[] {
  const made = Map.groupBy(sent.valuesOf(k6Metrics.countedChecks), ({ labels }) => labels[k6Labels.check] ?? "");
  const rare = [...made].flatMap(([name, all]) => {
    const scenarios = new Set(all.map(({ labels }) => labels[k6Labels.scenario]));
    const iterations = sent.sumOf(k6Metrics.iterations, (labels) => scenarios.has(labels[k6Labels.scenario]));
    const times = all.reduce((sum, { value }) => sum + value, 0);
    return times < iterations ? [`${JSON.stringify(name)} in ${times} of ${iterations}`] : [];
  });
  if (rare.length === 0) return [];
  const instead = "where each has to come to it, count those that do: counter: { good, total: iterations }";
  return [`some iterations never came to a check, which is then in no count: ${listed(rare, 3)}; ${instead}`];
}
