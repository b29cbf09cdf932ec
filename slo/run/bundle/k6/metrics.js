// k6/metrics, of a script that is bundled: its rates are counted beside k6's own, and every metric is told while k6 only looks at the script.
import * as own from "k6/metrics";
export * from "k6/metrics";
const counted = new own.Counter("plimsoll_rates");
// While k6 only looks at the script, the metrics that it makes are told, each once.
const told = (kind, name, isTime) => {
  if (__ENV.PLIMSOLL_TELLS_METRICS) console.log("plimsoll metric " + JSON.stringify({ kind, name, ofTimes: Boolean(isTime) }));
};
const refused = new own.Counter("plimsoll_refused");
// What is no number k6 leaves out: it warns of it, or throws where the options say so.
const telling = (kind, Own) =>
  function (...given) {
    const metric = new Own(...given);
    told(kind, ...given);
    const add = metric.add;
    metric.add = (...value) => {
      let taken = false;
      try {
        return (taken = add(...value));
      } finally {
        if (taken === false) refused.add(1, { plimsoll_metric: metric.name });
      }
    };
    return metric;
  };
export const Counter = telling("counter", own.Counter);
export const Gauge = telling("gauge", own.Gauge);
export const Trend = telling("trend", own.Trend);
const OfRate = telling("rate", own.Rate);
export function Rate(...given) {
  const metric = new OfRate(...given);
  const add = metric.add;
  metric.add = (value, ...more) => {
    const taken = add(value, ...more);
    const good = Number(value) !== 0 || Boolean(value);
    if (taken === true) counted.add(1, { ...more[0], plimsoll_rate: metric.name, plimsoll_good: String(good) });
    return taken;
  };
  return metric;
}
export default { Counter, Gauge, Trend, Rate };
