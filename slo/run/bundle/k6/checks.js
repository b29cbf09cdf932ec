// k6, of a script whose checks an objective is about. A Rate of k6 reaches Prometheus as a share without its denominator, so each check and each value is counted
// beside it, with the same tags. k6 itself still calls each function, in its order; async ones are left as they are, for k6 to refuse.
import * as own from "k6";
import { Counter } from "k6/metrics";
export * from "k6";
const counted = new Counter("plimsoll_checks");
const names = new Set();
const isAsync = (value) => Object.prototype.toString.call(value) === "[object AsyncFunction]";
export function check(value, checks, ...more) {
  if (checks === null || typeof checks !== "object") return own.check(value, checks, ...more);
  const tags = more[0] ?? {};
  const watched = {};
  for (const name of Object.keys(checks)) {
    const given = checks[name];
    watched[name] = isAsync(given)
      ? given
      : (about) => {
          let good = false;
          try {
            const found = typeof given === "function" ? given(about) : given;
            good = Boolean(found);
            return found;
          } finally {
            if (names.size < mostNames) names.add(name);
            if (names.has(name)) counted.add(1, { ...tags, check: name, plimsoll_good: String(good) });
          }
        };
  }
  return own.check(value, watched, ...more);
}
const mostNames = 1000;
export default { ...own, check };
