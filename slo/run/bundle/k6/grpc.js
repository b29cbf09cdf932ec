// k6/net/grpc, of a script that is bundled. k6's client takes no assignment and no subclass; its methods are bound to it, so they may stand in another object.
import * as own from "k6/net/grpc";
import { Counter } from "k6/metrics";
export * from "k6/net/grpc";
const clients = new WeakMap();
const refused = new Counter("plimsoll_refused");
// Of a call that ran out of its time k6 gives no duration, or one by chance: when it would, the call's context has ended.
const told = (answer) => {
  if (answer.status === own.StatusDeadlineExceeded) refused.add(1, { plimsoll_metric: "grpc_req_duration" });
  return answer;
};
export function Client() {
  const client = new own.Client();
  const shown = {};
  for (const name of Object.keys(client)) shown[name] = client[name];
  shown.load = (folders, ...files) => client.load((folders?.length ? folders : ["."]).map(plimsollBeside), ...files);
  shown.loadProtoset = (path) => client.loadProtoset(plimsollBeside(path));
  shown.invoke = (...call) => told(client.invoke(...call));
  shown.asyncInvoke = (...call) => client.asyncInvoke(...call).then(told);
  clients.set(shown, client);
  return shown;
}
export function Stream(client, ...more) {
  return new own.Stream(clients.get(client) ?? client, ...more);
}
export default { ...own, Client, Stream };
