import { HubApiError, listFiles, modelInfo } from "@huggingface/hub";
import { Effect, Schema } from "effect";
import { isRecord } from "../domain/decode.ts";
import {
  failed,
  gaveUp,
  hubFetch,
  type HubPlace,
  inTime,
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
const Commit = Schema.String.check(Schema.isPattern(/^[0-9a-f]{40}$/));
const Hash = Schema.String.check(Schema.isPattern(/^[0-9a-f]{40}([0-9a-f]{24})?$/));

const Info = Schema.Struct({ sha: Commit });
const Entries = Schema.Array(Schema.Struct({
  type: Schema.String,
  path: Schema.String,
  size: Schema.Int,
  oid: Hash,
  lfs: Schema.optional(Schema.Struct({ oid: Hash })),
}));

/** Asks the Hub for the commit of a revision and for its files. */
export const listHubModel = Effect.fn("listHubModel")(function* (place: HubPlace) {
  const { settings, model: { id, revision } } = place;
  // `fetch` adds the token: the package refuses tokens that do not begin with "hf_", as those of some mirrors do not.
  const common = { hubUrl: settings.endpoint, fetch: hubFetch(settings) };
  const commit = yield* ask(place, async () => {
    const info = await modelInfo({ ...common, name: id, revision, additionalFields: ["sha"] });
    return Schema.decodeUnknownSync(Info)(info).sha;
  });
  const entries = yield* ask(place, async () => {
    const repo = { type: "model", name: id } as const;
    const found = await Array.fromAsync(listFiles({ ...common, repo, revision: commit }));
    return Schema.decodeUnknownSync(Entries)(found);
  });
  const files = entries.filter(({ type }) => type === "file").map((
    { path, size, oid, lfs },
  ): HubFile => ({ name: path, size, hash: lfs?.oid ?? oid }));
  return { commit, files: new Map(files.map((file) => [file.name, file])) } satisfies HubListing;
});

const ask = <A>(place: HubPlace, run: () => Promise<A>) =>
  Effect.tryPromise({
    try: run,
    catch: (error) =>
      error instanceof HubApiError
        ? refused(place, { status: error.statusCode, words: wordsOf(error) })
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

/** The Hub's own words, without what the package adds. */
function wordsOf({ data, message }: HubApiError): string {
  return isRecord(data) && typeof data["error"] === "string" ? data["error"] : message;
}
