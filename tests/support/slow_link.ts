/**
 * A slow link in user space, for kernels without netem: connections are taken on this side and passed on to the other. Each
 * part of them arrives after a delay, and all of them together have one rate each way. A connection waits for its
 * handshake, too. TCP sees no delay, so that there is no slow start and no loss.
 */

/** What a link can do, each way. */
export interface LinkSpeed {
  /** One way. */
  readonly delayMillis: number;
  readonly bytesPerSecond: number;
}

/** 50 ms each way and 100 Mbit/s. */
export const SLOW: LinkSpeed = { delayMillis: 50, bytesPerSecond: 100e6 / 8 };
/** A link that only counts. */
export const FREE: LinkSpeed = { delayMillis: 0, bytesPerSecond: Infinity };

/** What a client sent on a connection until it was answered, and the answer. */
export interface Exchange {
  /** When the first byte left the client, and when the last one came to it, by `performance.now`. */
  readonly beganMillis: number;
  endedMillis: number;
  upBytes: number;
  downBytes: number;
}

/** Connections to one port. */
export interface Relay {
  readonly port: number;
  readonly exchanges: ReadonlyArray<Exchange>;
}

/** What is read at once. */
const PART_BYTES = 1 << 15;
/** What waits for its turn, as in the queue of a router, in milliseconds of the link. */
const QUEUE_MILLIS = 30;
/** What may pass at once after silence: this process is late now and then, and the link must not be slower for it. */
const BURST_MILLIS = 20;
/** Most bytes on their way on one connection, beyond which its sender is not read. */
const MOST_BYTES = 4e6;

const until = (millis: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, Math.max(0, millis - performance.now())));

/** One direction of a link. */
function createLane({ delayMillis, bytesPerSecond }: LinkSpeed) {
  let freeMillis = 0;
  return {
    /** Waits until the link's queue has room. */
    room: async () => {
      while (freeMillis - performance.now() > QUEUE_MILLIS) {
        await until(freeMillis - QUEUE_MILLIS / 2);
      }
    },
    /** When bytes that are sent now arrive. */
    send: (bytes: number) => {
      const now = performance.now();
      freeMillis = Math.max(freeMillis, now - BURST_MILLIS) + 1000 * bytes / bytesPerSecond;
      return Math.max(freeMillis, now) + delayMillis;
    },
  };
}

type Lane = ReturnType<typeof createLane>;

async function writeAll(to: Deno.TcpConn, part: Uint8Array): Promise<void> {
  for (let at = 0; at < part.length;) at += await to.write(part.subarray(at));
}

/** Passes what comes on, in order, until it ends. */
async function pass(
  [from, to]: readonly [Deno.TcpConn, Deno.TcpConn],
  lane: Lane,
  { onSent, onArrived }: Readonly<Record<"onSent" | "onArrived", (bytes: number) => void>>,
): Promise<void> {
  let arrived = Promise.resolve();
  let onWay = 0;
  while (true) {
    await lane.room();
    if (onWay > MOST_BYTES) await arrived;
    const part = new Uint8Array(PART_BYTES);
    const read = await from.read(part);
    if (read === null) break;
    onSent(read);
    onWay += read;
    const at = lane.send(read);
    arrived = arrived.then(async () => {
      await until(at);
      await writeAll(to, part.subarray(0, read));
      onWay -= read;
      onArrived(read);
    });
    // A failure is found by the next wait for it, or at the end.
    arrived.catch(() => {});
  }
  await arrived;
  await to.closeWrite();
}

/** Opens a link whose client side is at an address of this machine, until it is disposed of. */
export function openSlowLink(hostname: string, speed: LinkSpeed) {
  const [up, down] = [createLane(speed), createLane(speed)];
  const listeners: Deno.Listener[] = [];
  const open = new Set<Deno.TcpConn>();
  const passing = new Set<Promise<void>>();
  const close = (connection: Deno.TcpConn) => {
    if (open.delete(connection)) connection.close();
  };
  const serve = async (client: Deno.TcpConn, target: number, exchanges: Exchange[]) => {
    open.add(client);
    await until(performance.now() + 2 * speed.delayMillis);
    const server = await Deno.connect({ hostname, port: target });
    open.add(server);
    let exchange: Exchange | null = null;
    const sent = (bytes: number) => {
      if (exchange === null || exchange.downBytes > 0) {
        const now = performance.now();
        exchange = { beganMillis: now, endedMillis: now, upBytes: 0, downBytes: 0 };
        exchanges.push(exchange);
      }
      exchange.upBytes += bytes;
    };
    const answered = (bytes: number) => {
      if (exchange === null) return;
      exchange.downBytes += bytes;
      exchange.endedMillis = performance.now();
    };
    const nothing = () => {};
    const both = [
      pass([client, server], up, { onSent: sent, onArrived: nothing }),
      pass([server, client], down, { onSent: nothing, onArrived: answered }),
    ];
    // Where one way breaks, so does the other.
    await Promise.all(both).catch(() => {});
    for (const connection of [client, server]) close(connection);
    await Promise.allSettled(both);
  };
  return {
    /** Passes connections on to a port. */
    relay: (target: number): Relay => {
      const listener = Deno.listen({ hostname, port: 0 });
      const exchanges: Exchange[] = [];
      listeners.push(listener);
      const accepting = (async () => {
        for await (const client of listener) {
          const one = serve(client, target, exchanges).catch(() => close(client));
          passing.add(one);
          void one.finally(() => passing.delete(one));
        }
      })();
      passing.add(accepting);
      return { port: listener.addr.port, exchanges };
    },
    [Symbol.asyncDispose]: async () => {
      for (const listener of listeners) listener.close();
      for (const connection of [...open]) close(connection);
      await Promise.allSettled(passing);
    },
  };
}
