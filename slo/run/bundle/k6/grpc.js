// k6/net/grpc, of a script that is bundled. k6's client takes no assignment and no subclass; its methods are bound to it, so they may stand in another object.
import * as own from "k6/net/grpc";
export * from "k6/net/grpc";
const clients = new WeakMap();
export function Client() {
  const client = new own.Client();
  const shown = {};
  for (const name of Object.keys(client)) shown[name] = client[name];
  shown.load = (folders, ...files) => client.load((folders?.length ? folders : ["."]).map(plimsollBeside), ...files);
  shown.loadProtoset = (path) => client.loadProtoset(plimsollBeside(path));
  clients.set(shown, client);
  return shown;
}
export function Stream(client, ...more) {
  return new own.Stream(clients.get(client) ?? client, ...more);
}
export default { ...own, Client, Stream };
