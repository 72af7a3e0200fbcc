/** The server of the page: for this machine alone, and for its own page alone. */
import { Effect, FiberSet, Schedule, Stream } from "effect";
import { BadInput } from "../domain/errors.ts";
import { reason } from "../domain/reason.ts";
import { PRESETS } from "../igpo/presets.ts";
import type { PageData } from "../page/data.ts";
import { METRICS_FILE } from "../report/metrics.ts";
import { pageScript, policyOf, servedPage, stepJson, textsJson } from "./document.ts";
import { readRun, type ReadStep, readStep, stepFile, type Viewed } from "./read_run.ts";

/** What is served. */
export interface Served {
  readonly runs: ReadonlyArray<Viewed>;
  readonly isLive: boolean;
}

const HOSTNAME = "127.0.0.1";

/** Serves runs until the scope closes; answers with the page's address. Port 0 takes any that is free. */
export const serveRuns = Effect.fn("serveRuns")(function* (served: Served, port: number) {
  const run = yield* FiberSet.makeRuntimePromise<never, Response, never>();
  const source = { ...served, readStep: makeStepReader() };
  const server = yield* Effect.acquireRelease(
    Effect.try({
      try: () => {
        const server: Deno.HttpServer<Deno.NetAddr> = Deno.serve(
          { hostname: HOSTNAME, port, onListen: () => {} },
          (request) => run(answer(request, source, server.addr.port)),
        );
        return server;
      },
      catch: (error) =>
        new BadInput({ message: `Cannot listen on ${HOSTNAME}:${port}: ${reason(error)}` }),
    }),
    (server) => Effect.promise(() => server.shutdown()).pipe(Effect.timeoutOption("1 second")),
  );
  return `http://${HOSTNAME}:${server.addr.port}`;
});

/** All that the page shows, but for the episodes. */
export const readData = Effect.fn("readData")(function* ({ runs, isLive }: Served) {
  const read = yield* Effect.forEach(runs, readRun);
  return { runs: read, presets: Object.values(PRESETS), isLive } satisfies PageData;
});

/** Reads steps. The last one stays, as a page asks for its numbers and then for its texts. */
function makeStepReader() {
  let last: { readonly key: string; readonly content: ReadStep } | null = null;
  return Effect.fnUntraced(function* (viewed: Viewed, step: number) {
    const file = stepFile(viewed, step);
    const key = `${file} ${yield* Effect.promise(() => stateOf(file))}`;
    const content = last?.key === key ? last.content : yield* readStep(viewed, step);
    last = { key, content };
    return content;
  });
}

/** What changes when a file is written. */
async function stateOf(file: string): Promise<string> {
  const { size, mtime } = await Deno.stat(file).catch(() => ({ size: 0, mtime: null }));
  return `${size} ${mtime?.getTime()}`;
}

/** What is served, with the reader of its steps. */
interface Source extends Served {
  readonly readStep: ReturnType<typeof makeStepReader>;
}

const answer = Effect.fnUntraced(function* (request: Request, served: Source, port: number) {
  const refused = refusalOf(request, port);
  if (refused !== null) return text(403, refused);
  // Its host is one of two that are known here, so that it can be parsed.
  const url = new URL(request.url);
  if (request.method !== "GET") return text(405, "this server takes GET alone");
  switch (url.pathname) {
    case "/":
      return respond(servedPage, "text/html; charset=utf-8");
    case "/page.js":
      return respond(pageScript, "text/javascript; charset=utf-8");
    case "/data/runs.json":
      return respond(JSON.stringify(yield* readData(served)), JSON_TYPE);
    case "/data/step.json":
      return yield* stepOf(url, served, stepJson);
    case "/data/texts.json":
      return yield* stepOf(url, served, textsJson);
    case "/data/events":
      return served.isLive ? yield* events(served) : text(404, "this server follows no run");
    default:
      return text(404, "there is no such page");
  }
});

/**
 * Why a request is not answered: other pages in the same browser must not read runs, whether they ask by this server's
 * address or by a name of their own that leads to it.
 */
function refusalOf({ headers }: Request, port: number): string | null {
  const own = [`${HOSTNAME}:${port}`, `localhost:${port}`];
  const host = headers.get("host") ?? "";
  if (!own.includes(host)) return "this server answers to its own address alone";
  const origin = headers.get("origin");
  const site = headers.get("sec-fetch-site") ?? "none";
  const isForeign = origin !== null && origin !== `http://${host}`;
  return isForeign || !["same-origin", "none"].includes(site)
    ? "this server answers its own page alone"
    : null;
}

const stepOf = Effect.fnUntraced(function* (
  { searchParams }: URL,
  { runs, readStep }: Source,
  toJson: (content: ReadStep) => string,
) {
  const [run, step] = ["run", "step"].map((name) => {
    const value = searchParams.get(name) ?? "";
    return /^\d{1,9}$/.test(value) ? Number(value) : -1;
  });
  const viewed = runs[run!];
  if (viewed === undefined || step! < 0) return text(404, "there is no such step");
  return respond(toJson(yield* readStep(viewed, step!)), JSON_TYPE);
});

const encoder = new TextEncoder();

/** How often a run's files are looked at. */
const EVERY = "1 second";

/** Says `changed` whenever a run has written to its metrics. */
const events = Effect.fnUntraced(function* ({ runs }: Served) {
  const state = Effect.promise(() =>
    Promise.all(
      runs.map(({ path, kind }) => stateOf(kind === "run" ? `${path}/${METRICS_FILE}` : path)),
    )
  );
  const changes = Stream.fromEffectSchedule(state, Schedule.spaced(EVERY)).pipe(
    Stream.map((states) => states.join()),
    Stream.changes,
    Stream.drop(1),
    Stream.map(() => "event: changed\ndata:\n\n"),
  );
  const body = yield* Stream.toReadableStreamEffect(
    Stream.concat(Stream.make(": open\n\n"), changes).pipe(
      Stream.map((event) => encoder.encode(event)),
    ),
  );
  return respond(body, "text/event-stream");
});

const JSON_TYPE = "application/json";

const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": `${
    policyOf({ script: "'self'", connect: "'self'" })
  }; frame-ancestors 'none'`,
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

function respond(body: string | ReadableStream<Uint8Array<ArrayBuffer>>, type: string): Response {
  return new Response(body, { headers: { ...HEADERS, "content-type": type } });
}

function text(status: number, words: string): Response {
  return new Response(words, {
    status,
    headers: { ...HEADERS, "content-type": "text/plain; charset=utf-8" },
  });
}
