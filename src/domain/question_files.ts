import { Effect, Schema } from "effect";
import { BadInput } from "./errors.ts";
import { quote } from "./quote.ts";

const LEAST_WEIGHT = 1e-3;
const MOST_WEIGHT = 1e3;

/** A file of questions. */
export const QuestionFile = Schema.Struct({
  file: Schema.NonEmptyString,
  /** How often a question of this file is trained on, relative to one of another file. */
  weight: Schema.Finite.check(
    Schema.isBetween({ minimum: LEAST_WEIGHT, maximum: MOST_WEIGHT }),
  ),
});

/** A file of questions. */
export type QuestionFile = typeof QuestionFile.Type;

/** The name of one file as it is, or several files with weights. */
export const QuestionFiles = Schema.Union([
  Schema.NonEmptyString,
  Schema.Array(QuestionFile).check(Schema.isMinLength(1)),
]);

/** The name of one file as it is, or several files with weights. */
export type QuestionFiles = typeof QuestionFiles.Type;

/** `A.parquet,B.jsonl*2` of a command line. A name with a comma, or with a star and a number at its end, needs JSON. */
export const parseQuestionFiles = Effect.fnUntraced(function* (
  text: string,
): Effect.fn.Return<QuestionFiles, BadInput> {
  const files = text.split(",").map((part): QuestionFile => {
    const [, file, weight] = /^(.+?)(?:\*(\d+(?:\.\d+)?))?$/s.exec(part) ?? ["", "", "1"];
    return { file: file!, weight: Number(weight ?? 1) };
  });
  if (files.some(({ file }) => file === "")) {
    return yield* new BadInput({
      message: `Cannot read questions as a file must stand beside each comma: current value is ` +
        quote(text),
    });
  }
  const wrong = files.find(({ weight }) => weight < LEAST_WEIGHT || weight > MOST_WEIGHT);
  if (wrong !== undefined) {
    return yield* new BadInput({
      message: `Cannot weigh the questions of ${quote(wrong.file)} as a weight must be from ` +
        `${LEAST_WEIGHT} to ${MOST_WEIGHT}: current value is ${wrong.weight}`,
    });
  }
  return files.length === 1 ? files[0]!.file : files;
});

/** The files of a configuration. */
export function questionFiles(files: QuestionFiles): ReadonlyArray<QuestionFile> {
  return typeof files === "string" ? [{ file: files, weight: 1 }] : files;
}

/** The names of the files, for messages. */
export function namesOf(files: QuestionFiles): string {
  return questionFiles(files).map(({ file }) => file).join(", ");
}
