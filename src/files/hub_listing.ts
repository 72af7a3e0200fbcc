import { HubApiError, listFiles, modelInfo } from "@huggingface/hub";
import { Effect, Result, Schema } from "effect";
import { decodeInput, isRecord } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import { parseJson } from "../domain/json.ts";
import { LIMITS } from "../domain/limits.ts";
import { readAtMost } from "./body.ts";
import {
  failed,
  gaveUp,
  hubFetch,
  type HubPlace,
  inTime,
  notTheHub,
  refused,
  retryHub,
} from "./hub_request.ts";

/** A file of a model on the Hub. */
export interface HubFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Name of its blob: sha256 of its bytes where LFS keeps it, git's sha1 where git does. */
  readonly hash: string;
}

/** What the Hub has at a revision. */
export interface HubListing {
  readonly commit: string;
  /** By name, without those in subfolders. */
  readonly files: ReadonlyMap<string, HubFile>;
}

// Both become parts of paths, so that only hashes are accepted.
const Commit = Schema.String.check(
  Schema.isPattern(/^[0-9a-f]{40}$/, { expected: "the hash of a commit" }),
);
const Hash = Schema.String.check(
  Schema.isPattern(/^[0-9a-f]{40}([0-9a-f]{24})?$/, { expected: "the hash of a file" }),
);

const Info = Schema.Struct({ sha: Commit });
const Entries = Schema.Array(Schema.Struct({
  type: Schema.String,
  path: Schema.String,
  size: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: LIMITS.hubFileBytes })),
  oid: Hash,
  lfs: Schema.optional(Schema.Struct({ oid: Hash })),
}));

/** Asks the Hub for the commit of a revision and for its files. */
export const listHubModel = Effect.fn("listHubModel")(function* (place: HubPlace) {
  const { model: { id, revision } } = place;
  const commit = yield* ask(place, Info, async (common) => {
    const info = await modelInfo({ ...common, name: id, revision, additionalFields: ["sha"] });
    return Schema.decodeUnknownSync(Info)(info).sha;
  });
  const entries = yield* ask(place, Entries, async (common) => {
    const repo = { type: "model", name: id } as const;
    const found = await Array.fromAsync(listFiles({ ...common, repo, revision: commit }));
    return Schema.decodeUnknownSync(Entries)(found);
  });
  const files = entries.filter(({ type }) => type === "file").map((
    { path, size, oid, lfs },
  ): HubFile => ({ name: path, size, hash: lfs?.oid ?? oid }));
  return { commit, files: new Map(files.map((file) => [file.name, file])) } satisfies HubListing;
});

/** How the package reaches the Hub. */
interface Connection {
  readonly hubUrl: string;
  readonly fetch: typeof fetch;
}

const ask = <A>(
  place: HubPlace,
  schema: Schema.Decoder<unknown>,
  run: (connection: Connection) => Promise<A>,
) =>
  Effect.tryPromise({
    // `fetch` adds the token: the package refuses tokens that do not begin with "hf_", as those of some mirrors do not.
    try: (signal) =>
      run({ hubUrl: place.settings.endpoint, fetch: boundedFetch(place, schema, signal) }),
    catch: (error) =>
      error instanceof HubApiError
        ? refused(place, { status: error.statusCode, words: wordsOf(error) })
        : error instanceof BadInput
        ? error
        : failed(place, error),
  }).pipe(
    inTime,
    retryHub,
    Effect.catchTag("HubUnreachable", (cause) =>
      Effect.fail(
        gaveUp(
          place,
          cause,
          "what the cache holds whole needs no network, and there is no such folder here",
        ),
      )),
  );

/**
 * A `fetch` for the package, which itself reads answers of any length and form, and follows a listing of any number of
 * pages. Good answers must be of the schema.
 */
function boundedFetch(
  place: HubPlace,
  schema: Schema.Decoder<unknown>,
  signal: AbortSignal,
): typeof fetch {
  let pages = 0;
  return async (input, init) => {
    if (++pages > LIMITS.hubListingPages) {
      throw new SyntaxError(`a listing must have at most ${LIMITS.hubListingPages} pages`);
    }
    const response = await hubFetch(place.settings)(input, { ...init, signal });
    const { status, headers } = response;
    const body = await readAtMost(response.body, LIMITS.hubAnswerBytes);
    if (body === null) {
      throw new SyntaxError(`an answer must have at most ${LIMITS.hubAnswerBytes} bytes`);
    }
    if (response.ok) {
      const value = parseJson(new TextDecoder().decode(body));
      Result.getOrThrow(decodeInput(schema, value, notTheHub(place)));
    }
    return new Response(body.length === 0 ? null : new Uint8Array(body), { status, headers });
  };
}

/** The Hub's own words, without what the package adds. */
function wordsOf({ data, message }: HubApiError): string {
  return isRecord(data) && typeof data["error"] === "string" ? data["error"] : String(message);
}
