/** The slow link of network_test.ts: its delay and its rate. */
import { ok } from "node:assert/strict";
import { openSlowLink, SLOW } from "../support/slow_link.ts";

const HOST = "127.0.0.1";
/** Half a second of the link. */
const BYTES = SLOW.bytesPerSecond / 2;
/** Other programs make a try longer, and nothing makes it shorter. */
const TRIES = 5;
const TRIP_MILLIS = 2 * SLOW.delayMillis;

/** Sends back what comes. */
function startServer() {
  const listener = Deno.listen({ hostname: HOST, port: 0 });
  const serving = (async () => {
    for await (const connection of listener) {
      void connection.readable.pipeTo(connection.writable).catch(() => {});
    }
  })();
  return {
    port: listener.addr.port,
    [Symbol.asyncDispose]: async () => {
      listener.close();
      await serving;
    },
  };
}

async function read(connection: Deno.TcpConn, bytes: number): Promise<void> {
  const part = new Uint8Array(1 << 16);
  for (let left = bytes; left > 0;) left -= (await connection.read(part))!;
}

async function write(connection: Deno.TcpConn, bytes: number): Promise<void> {
  const part = new Uint8Array(bytes);
  for (let at = 0; at < bytes;) at += await connection.write(part.subarray(at));
}

/** The least milliseconds of some tries. */
async function least(attempt: () => Promise<unknown>): Promise<number> {
  let found = Infinity;
  for (let i = 0; i < TRIES; i++) {
    const start = performance.now();
    await attempt();
    found = Math.min(found, performance.now() - start);
  }
  return found;
}

Deno.test("a slow link has its delay each way, and its rate for all connections together", async () => {
  await using server = startServer();
  await using link = openSlowLink(HOST, SLOW);
  const { port, exchanges } = link.relay(server.port);
  const start = performance.now();
  using first = await Deno.connect({ hostname: HOST, port });
  using second = await Deno.connect({ hostname: HOST, port });
  const echo = (connection: Deno.TcpConn, bytes: number) =>
    Promise.all([write(connection, bytes), read(connection, bytes)]);
  await Promise.all([echo(first, 1), echo(second, 1)]);
  ok(performance.now() - start >= 2 * TRIP_MILLIS, "the first byte waits for the handshake");
  const trip = await least(() => echo(first, 1));
  // It may pass 20 ms of bytes at once.
  const near = (found: number, wanted: number) =>
    ok(found >= 0.96 * wanted && found <= 1.15 * wanted, `${found} ms instead of ${wanted}`);
  near(trip, TRIP_MILLIS);
  const one = await least(() => echo(first, BYTES));
  near(one, 500 + TRIP_MILLIS);
  const both = await least(() => Promise.all([echo(first, BYTES), echo(second, BYTES)]));
  near(both, 1000 + TRIP_MILLIS);
  const seen = exchanges.filter(({ upBytes, downBytes }) => upBytes === 1 && downBytes === 1);
  ok(seen.length >= TRIES);
  near(Math.min(...seen.map(({ beganMillis, endedMillis }) => endedMillis - beganMillis)), trip);
});
