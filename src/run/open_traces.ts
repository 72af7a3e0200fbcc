import { Effect, Result, Stream } from "effect";
import { type QuestionFiles, questionFiles } from "../domain/question_files.ts";
import type { Trace } from "../domain/trace.ts";
import { readQuestions } from "../files/questions.ts";
import { streamTraces } from "../traces/read_traces.ts";

/** The traces of a file or folder; questions of a file lend their gold answers to traces of the same text. */
export const openTraces = Effect.fn("openTraces")(function* (
  path: string,
  questions: QuestionFiles | null,
) {
  const read = questions === null
    ? []
    : yield* readQuestions(questionFiles(questions), Effect.fail);
  const known = new Map(
    read.flatMap((file) => file.questions).map(({ text, golds }) => [text.trim(), golds]),
  );
  const withGolds = (trace: Trace): Trace => ({
    ...trace,
    golds: known.get(trace.question?.trim() ?? "") ?? trace.golds,
  });
  return streamTraces(path).pipe(Stream.map(Result.map(withGolds)));
});
