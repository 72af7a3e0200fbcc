import { Effect } from "effect";
import type { Screen } from "../files/screen.ts";
import { openIndex } from "../search/index_file.ts";
import { type Address, serveRetriever } from "../search/retriever.ts";

/** Serves an index by Search-R1's protocol until it is stopped. */
export const retriever = Effect.fn("retriever")(function* (
  { index, screen, ...address }: Address & { readonly index: string; readonly screen: Screen },
) {
  const { passages, search } = yield* openIndex(index);
  const at = yield* serveRetriever(search, address);
  yield* screen.print(`${passages} passages at ${at}/retrieve (Search-R1's protocol)`);
  return yield* Effect.never;
}, Effect.scoped);
