import { compressors } from "hyparquet-compressors";
import { parquetReadObjects } from "hyparquet";
import { Effect } from "effect";
import { BadInput } from "../domain/errors.ts";
import { onDisk, reason } from "./disk.ts";
import { readJsonl, type Row } from "./jsonl.ts";
import { collectQuestions, type GoldCap, type QuestionSet } from "./question_rows.ts";

/**
 * Reads questions with their gold answers from a `.parquet` or `.jsonl` file, in the schema of the official
 * data or as `{id?, question, answers | answer | golden_answers, source | kind?}`. Fails with `BadInput`
 * naming file and row.
 */
export const readQuestions = Effect.fn("readQuestions")(function* (path: string, cap: GoldCap) {
  const rows = path.endsWith(".parquet") ? yield* readParquet(path) : yield* readJsonl(path);
  return (yield* Effect.fromResult(collectQuestions(rows, path, cap))) satisfies QuestionSet;
});

/** All rows of a Parquet file, in any compression that the format allows. */
export const readParquet = Effect.fn("readParquet")(function* (path: string) {
  const bytes = yield* onDisk(`read "${path}"`, () => Deno.readFile(path));
  const values = yield* Effect.tryPromise({
    try: () => parquetReadObjects({ file: bytes.buffer, compressors }),
    catch: (error) =>
      new BadInput({
        message: `Cannot read "${path}" as it must be a Parquet file: current value is "${
          reason(error)
        }"`,
      }),
  });
  return values.map((value, i): Row => ({ row: i + 1, value }));
});
