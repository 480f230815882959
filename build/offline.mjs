import { Socket } from "node:net";

const connect = Socket.prototype.connect;
const local = new Set(["localhost", "127.0.0.1", "::1"]);

/** Tests reach nothing but this machine: whatever asks for it, another host is refused. */
Socket.prototype.connect = function connectLocally(...args) {
  const [first] = args.flat();
  const host = typeof first === "object" ? first.host : args[1];
  const isTcp = typeof first === "object" ? first.path === undefined : /^\d+$/.test(`${first}`);
  if (isTcp && typeof host === "string" && !local.has(host)) {
    throw new Error(`tests stay offline: connection to ${host} refused`);
  }
  return connect.apply(this, args);
};
