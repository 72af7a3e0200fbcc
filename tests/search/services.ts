/** A service on this machine that answers as it is told, and counts. */
export function serve(
  handler: (request: Request, before: number) => Response | Promise<Response>,
  hostname = "127.0.0.1",
) {
  let count = 0;
  const stopped = new AbortController();
  const server = Deno.serve(
    { hostname, port: 0, signal: stopped.signal, onListen: () => {} },
    (request) => handler(request, count++),
  );
  return {
    url: `http://${hostname}:${server.addr.port}/`,
    count: () => count,
    [Symbol.asyncDispose]: async () => {
      stopped.abort();
      await server.finished;
    },
  };
}
