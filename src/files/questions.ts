import { Effect, Stream } from "effect";
import { collectQuestions, type GoldCap, type QuestionSet } from "./question_rows.ts";
import { streamRows } from "./row_stream.ts";

/**
 * Reads questions with their gold answers from a `.parquet`, `.jsonl` or `.jsonl.gz` file, in the schema of the official
 * data or as `{id?, question, answers | answer | golden_answers, source | kind?}`. Fails with `BadInput`
 * naming file and row.
 */
export const readQuestions = Effect.fn("readQuestions")(function* (path: string, cap: GoldCap) {
  const rows = yield* Stream.runCollect(streamRows(path));
  return (yield* Effect.fromResult(collectQuestions(rows, path, cap))) satisfies QuestionSet;
});
