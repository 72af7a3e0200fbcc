import { Effect, Result, Stream } from "effect";
import { BadInput } from "../domain/errors.ts";
import { LIMITS } from "../domain/limits.ts";
import type { Question } from "../domain/question.ts";
import type { QuestionFile } from "../domain/question_files.ts";
import { absolutePath } from "./disk.ts";
import { badRow } from "./lines.ts";
import { parseQuestion, type QuestionRow } from "./question_rows.ts";
import { streamRowResults } from "./row_stream.ts";

/** A question of a file, or what is wrong with its row. */
type QuestionResult = Result.Result<QuestionRow, BadInput>;

/**
 * The questions of a `.parquet`, `.jsonl` or `.jsonl.gz` file, in the schema of the official data, which Search-R1 uses
 * too, or as `{id?, question, answers | answer | golden_answers, source | kind?, hops?, split?}`. A row is wrong, too, when its id stands before
 * it in the same kind. Fails with `BadInput` only where the file cannot be read on.
 */
export function streamQuestions(path: string): Stream.Stream<QuestionResult, BadInput> {
  return Stream.suspend(() => {
    const seen = new Set<string>();
    return streamRowResults(path).pipe(
      Stream.map(
        Result.flatMap((row) =>
          Result.flatMap(parseQuestion(row, path), (question): QuestionResult => {
            const key = JSON.stringify([question.kind, question.id]);
            if (seen.has(key)) {
              return Result.fail(badRow(path, row.row, "the id must be new", question.id));
            }
            seen.add(key);
            return Result.succeed(question);
          })
        ),
      ),
    );
  });
}

/** What a file of questions holds. */
export interface ReadFile extends QuestionFile {
  /** Their ids are unique in all files together. */
  readonly questions: ReadonlyArray<QuestionRow>;
  /** Number of rows that are wrong. */
  readonly bad: number;
}

/**
 * All questions of some files. `onBad` is told each row that is wrong, and may fail. Fails with `BadInput` on a file
 * that is named twice, that cannot be read, or that has no rows.
 */
export const readQuestions = Effect.fn("readQuestions")(function* <E>(
  files: ReadonlyArray<QuestionFile>,
  onBad: (error: BadInput) => Effect.Effect<void, E>,
) {
  const twice = files.find(({ file }, i) =>
    files.findIndex((one) => absolutePath(one.file) === absolutePath(file)) !== i
  );
  if (twice !== undefined) {
    return yield* new BadInput({
      message: `Cannot read questions as each file must stand once: "${twice.file}" stands twice`,
    });
  }
  return yield* Effect.forEach(
    files,
    Effect.fnUntraced(function* (named) {
      const rows = yield* streamQuestions(named.file).pipe(
        Stream.tap((row) => Result.isFailure(row) ? onBad(row.failure) : Effect.void),
        Stream.take(LIMITS.questionRows + 1),
        Stream.runCollect,
      );
      if (rows.length > LIMITS.questionRows) {
        return yield* new BadInput({
          message: `Cannot use "${named.file}" as it must have at most ${LIMITS.questionRows} ` +
            `rows: it has more`,
        });
      }
      if (rows.length === 0) {
        return yield* new BadInput({
          message: `Cannot use "${named.file}" as it must hold a question: current value is none`,
        });
      }
      const where = files.length === 1 ? [] : [shortName(named, files)];
      const { weight } = named;
      const questions = rows.filter(Result.isSuccess)
        .map(({ success }) => ({ ...success, weight, id: idOf(success, where) }));
      return { ...named, questions, bad: rows.length - questions.length } satisfies ReadFile;
    }),
  );
});

/** The name of a file without its folder, unless another file has the same. */
function shortName({ file }: QuestionFile, files: ReadonlyArray<QuestionFile>): string {
  const nameOf = (path: string) => path.split(/[/\\]/).at(-1)!;
  const same = files.filter((other) => nameOf(other.file) === nameOf(file));
  return same.length === 1 ? nameOf(file) : file;
}

/** Ids are unique within a kind, but random keys need ids that are unique in a run. */
function idOf({ kind, id }: Question, where: ReadonlyArray<string>): string {
  // A kind may hold a slash too: "a/b" with "c" is not "a" with "b/c".
  const parts = [...where, kind].map((part) => part.replaceAll("%", "%25").replaceAll("/", "%2F"));
  return [...parts, id].join("/");
}
