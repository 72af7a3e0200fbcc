import { Effect } from "effect";
import { Command } from "effect/cli";
import { openScreen } from "../files/screen.ts";
import { indexCorpus } from "../programs/index_corpus.ts";
import { retriever as retrieverProgram } from "../programs/retriever.ts";
import { host, index, indexed, indexOut, port } from "./flags.ts";

/** Writes an index of a corpus. */
export const indexing = Command.make(
  "index",
  { corpus: indexed, out: indexOut },
  (asked) =>
    Effect.gen(function* () {
      yield* indexCorpus({ ...asked, screen: yield* openScreen });
    }),
).pipe(
  Command.withDescription("Index documents on disk, for --search and for the retriever"),
);

/** Serves an index. */
export const retrieving = Command.make(
  "retriever",
  { index, hostname: host, port },
  (asked) =>
    Effect.gen(function* () {
      yield* retrieverProgram({ ...asked, screen: yield* openScreen });
    }),
).pipe(
  Command.withDescription("Serve an index by Search-R1's protocol"),
);
