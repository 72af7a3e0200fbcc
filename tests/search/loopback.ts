/** Makes a server of Node's listen on this machine alone, whatever it asks for: to be loaded before it. */
import { Server } from "node:http";

const { listen } = Server.prototype;
Reflect.set(Server.prototype, "listen", function (this: Server, port: number, done: () => void) {
  return Reflect.apply(listen, this, [port, "127.0.0.1", done]);
});
