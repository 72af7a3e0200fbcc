import { Effect } from "effect";
import { BadInput } from "../domain/errors.ts";
import type { Screen } from "../files/screen.ts";
import { writeIndex } from "../search/index_file.ts";

/** Indexes a corpus on disk for `--search`; a stopped run goes on where it was. */
export const indexCorpus = Effect.fn("indexCorpus")(function* (
  { corpus, out, screen }: {
    readonly corpus: string;
    readonly out: string | null;
    readonly screen: Screen;
  },
) {
  if (out === null) {
    return yield* new BadInput({
      message: "Cannot index without --out: it names the file of the index",
    });
  }
  const { rows, isResumed } = yield* writeIndex(
    corpus,
    out,
    (rows) => screen.showProgress(`${rows} passages`),
  );
  yield* screen.print(`${rows} passages are in ${out}${isResumed ? ", some from before" : ""}`);
});
