import { type Effect, Schema } from "effect";

/** A document that a search can find. */
export interface Passage {
  readonly id: string;
  /** Empty when the corpus has no titles. */
  readonly title: string;
  readonly text: string;
}

/** A passage that a query found; the score is null where the engine does not tell it. */
export interface SearchHit extends Passage {
  readonly score: number | null;
}

/** Why a search engine gave no result. */
export const SEARCH_FAILURES = [
  "unreachable",
  "busy",
  "refused",
  "malformed",
  "too_large",
  "late",
  "spent",
] as const;

/** One of {@link SEARCH_FAILURES}. */
export type SearchFailureKind = typeof SEARCH_FAILURES[number];

/** A search engine gave no result; `message` is one line without a full stop. */
export class SearchFailed extends Schema.TaggedError<SearchFailed>()("SearchFailed", {
  kind: Schema.Literals(SEARCH_FAILURES),
  message: Schema.String,
}) {}

/** Answers queries: for each, in their order, at most `limit` passages, best first. */
export type Search = (
  queries: ReadonlyArray<string>,
  limit: number,
) => Effect.Effect<ReadonlyArray<ReadonlyArray<SearchHit>>, SearchFailed>;
