/** A server of Search-R1's protocol, so that other trainers can use an index of ours. */
import { Effect, FiberSet, Result, Schema } from "effect";
import { BadInput } from "../domain/errors.ts";
import { LIMITS } from "../domain/limits.ts";
import type { Search, SearchHit } from "../domain/search.ts";
import { joinContents } from "../files/corpus.ts";
import { line } from "../files/fetch_error.ts";
import { readAtMost } from "../files/body.ts";
import { parseJson } from "../domain/json.ts";
import { reason } from "../domain/reason.ts";

const Asked = Schema.Struct({
  queries: Schema.optional(Schema.Array(Schema.String)),
  /** Some clients send one. */
  query: Schema.optional(Schema.String),
  topk: Schema.optional(
    Schema.NullOr(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 }))),
  ),
  return_scores: Schema.optional(Schema.NullOr(Schema.Boolean)),
});

/** Passages a query gets that does not say how many. */
const USUAL_HITS = 3;

/** Where a server listens. */
export interface Address {
  readonly hostname: string;
  /** 0 for any that is free. */
  readonly port: number;
}

/** Serves a search until the scope closes; answers with where. */
export const serveRetriever = Effect.fn("serveRetriever")(function* (
  search: Search,
  { hostname, port }: Address,
) {
  const run = yield* FiberSet.makeRuntimePromise<never, Response, never>();
  const server = yield* Effect.acquireRelease(
    Effect.try({
      try: () =>
        Deno.serve(
          { hostname, port, onListen: () => {} },
          (request) => run(answer(request, search)),
        ),
      catch: (error) =>
        new BadInput({ message: `Cannot listen on ${hostname}:${port}: ${reason(error)}` }),
    }),
    // A client that never ends its request must not keep the server.
    (server) => Effect.promise(() => server.shutdown()).pipe(Effect.timeoutOption("2 seconds")),
  );
  return `http://${hostname}:${server.addr.port}`;
});

const answer = Effect.fnUntraced(function* (request: Request, search: Search) {
  if (new URL(request.url).pathname !== "/retrieve") return refusal(404, "only /retrieve is here");
  if (request.method !== "POST") return refusal(405, "retrieve takes POST");
  const bytes = yield* Effect.tryPromise(() => readAtMost(request.body, LIMITS.retrieverBytes))
    .pipe(
      Effect.timeout("30 seconds"),
      Effect.orElseSucceed(() => undefined),
    );
  if (bytes === undefined) return refusal(408, "the request did not end");
  if (bytes === null) return refusal(413, `a request has at most ${LIMITS.retrieverBytes} bytes`);
  const asked = readAsked(bytes);
  if (typeof asked === "string") return refusal(400, asked);
  const { queries, topk, scored } = asked;
  const found = yield* Effect.result(search(queries, topk));
  if (Result.isFailure(found)) return refusal(503, found.failure.message);
  const shape = (hit: SearchHit) =>
    scored ? { document: documentOf(hit), score: hit.score } : documentOf(hit);
  return Response.json({ result: found.success.map((hits) => hits.map(shape)) });
});

/** What a request asks for, or the rule that it breaks. */
function readAsked(bytes: Uint8Array) {
  const body = Result.try((): unknown => parseJson(new TextDecoder().decode(bytes)));
  const decoded = Schema.decodeUnknownResult(Asked)(Result.getOrUndefined(body));
  if (Result.isFailure(decoded)) {
    return `a request is {"queries": [...], "topk": 3, "return_scores": true}: ${
      line(decoded.failure.message)
    }`;
  }
  const { queries, query, topk, return_scores } = decoded.success;
  const all = queries ?? (query === undefined ? [] : [query]);
  if (all.length === 0) return "queries must hold a query";
  if (all.length > LIMITS.retrieverQueries) {
    return `queries must be at most ${LIMITS.retrieverQueries}: ${all.length}`;
  }
  return { queries: all, topk: topk ?? USUAL_HITS, scored: return_scores ?? false };
}

const documentOf = (hit: SearchHit) => ({ id: hit.id, contents: joinContents(hit) });

function refusal(status: number, error: string): Response {
  return Response.json({ error }, { status });
}
