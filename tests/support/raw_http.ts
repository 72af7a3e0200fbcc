/** Requests as no client would send them, and connections that break. */

/** Sends bytes to a server on this machine and reads one answer. */
export async function rawRequest(port: number, text: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(text));
  const part = new Uint8Array(1 << 16);
  let answer = "";
  while (!isWhole(answer)) {
    const read = await connection.read(part);
    if (read === null) break;
    answer += new TextDecoder().decode(part.subarray(0, read));
  }
  return answer;
}

function isWhole(answer: string): boolean {
  const [head, ...body] = answer.split("\r\n\r\n");
  const length = Number(/^content-length: (\d+)/im.exec(head!)?.[1] ?? 0);
  return body.length > 0 && body.join("\r\n\r\n").length >= length;
}

/** Passes connections on to a port, and breaks the first one after so many bytes of the answer. */
export function breakingRelay(target: number, bytes: number) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const asked: string[] = [];
  const open: Deno.TcpConn[] = [];
  const closeAll = () => {
    for (const one of open.splice(0)) {
      try {
        one.close();
      } catch {
        // Its other side was first.
      }
    }
  };
  let left = bytes;
  const pass = async (client: Deno.TcpConn) => {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: target });
    const at = asked.push("") - 1;
    const up = client.readable.pipeThrough(
      new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform(part, controller) {
          asked[at] += new TextDecoder().decode(part);
          controller.enqueue(part);
        },
      }),
    ).pipeTo(server.writable);
    const isFirst = at === 0;
    const down = server.readable.pipeThrough(
      new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform(part, controller) {
          controller.enqueue(isFirst ? part.subarray(0, left) : part);
          if (isFirst && (left -= part.length) <= 0) controller.terminate();
        },
      }),
    ).pipeTo(client.writable);
    open.push(client, server);
    await down.catch(() => {});
    closeAll();
    await up.catch(() => {});
  };
  const passing: Array<Promise<void>> = [];
  const accepting = (async () => {
    for await (const client of listener) passing.push(pass(client));
  })();
  return {
    port: listener.addr.port,
    /** What came over each connection. */
    asked,
    close: async () => {
      listener.close();
      closeAll();
      await accepting;
      await Promise.allSettled(passing);
    },
  };
}
