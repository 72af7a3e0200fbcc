import { Effect } from "effect";
import type { RunConfig } from "../domain/config.ts";
import { BadRows } from "../domain/errors.ts";
import { SPLITS } from "../domain/question.ts";
import { namesOf, questionFiles } from "../domain/question_files.ts";
import { WEB_SEARCH } from "../environment/web_search.ts";
import type { QuestionRow } from "../files/question_rows.ts";
import { readQuestions } from "../files/questions.ts";
import type { Screen } from "../files/screen.ts";
import type { ModelFolder } from "../pipeline/model_folder.ts";
import { dataTable } from "../report/data_table.ts";
import {
  type ArrangedQuestions,
  arrangeQuestions,
  checkSome,
  notesOf,
} from "../run/file_questions.ts";
import { longPrompts, readModelText } from "../run/text.ts";
import type { Protocol } from "../text/protocol.ts";
import type { Tokenizer } from "../text/tokenizer.ts";

/** What `./igpo data` looks at. */
export interface DataOptions {
  /** Its questions are those of files. */
  readonly config: RunConfig;
  readonly model: ModelFolder;
  /** The date in the system prompt. */
  readonly date: string;
  readonly screen: Screen;
}

/**
 * Prints every bad row of files of questions, what a run would make of the others, and one of them as it would be
 * trained on. Fails with `BadRows` if there is a bad row.
 */
export const data = Effect.fn("data")(function* (options: DataOptions) {
  const { config: { recipe, questions: files }, model, date, screen } = options;
  const { tokenizer, protocol } = yield* readModelText(model, { date, tools: [WEB_SEARCH] });
  const read = yield* readQuestions(
    questionFiles(files!),
    ({ message }) => screen.print(message),
  );
  for (const { file, weight, questions, bad } of read) {
    const weighed = read.length === 1 ? "" : `, weight ${weight}`;
    yield* screen.print(`${file}: ${questions.length} questions, ${bad} bad rows${weighed}`);
  }
  const questions = read.flatMap((file) => file.questions);
  const bad = read.reduce((sum, file) => sum + file.bad, 0);
  if (questions.length > 0) {
    const arranged = arrangeQuestions(questions, { recipe, tokenizer, purpose: "train" });
    yield* checkSome(arranged, files!);
    yield* screen.print(`\n${tableOf(arranged, tokenizer)}`);
    const long = longPrompts(protocol, SPLITS.flatMap((split) => arranged[split]), recipe)
      .map(({ question: { id }, tokens }) =>
        `A run refuses "${id}": its prompt has ${tokens} tokens, contextTokens is ${recipe.contextTokens}`
      );
    const few = arranged.train.length < recipe.promptsPerStep
      ? [
        `A run refuses these questions: promptsPerStep is ${recipe.promptsPerStep}, and there are ` +
        `${arranged.train.length} to train on`,
      ]
      : [];
    yield* screen.print(["", ...notesOf(arranged, Infinity), ...long, ...few, ""].join("\n"));
    const example = SPLITS.flatMap((split) => arranged[split])[0]!;
    yield* screen.print(exampleText(example, { tokenizer, protocol }));
  }
  if (bad > 0) {
    return yield* new BadRows({
      message: `Cannot train on "${namesOf(files!)}" as each row must be a question: ${bad} of ` +
        `${questions.length + bad} rows are not`,
    });
  }
});

function tableOf(arranged: ArrangedQuestions, tokenizer: Tokenizer): string {
  return dataTable(SPLITS.flatMap((split) =>
    arranged[split].map(({ kind, hops, golds }) => ({
      split,
      kind,
      hops,
      goldTokens: Math.max(...golds.map((gold) => tokenizer.encodePlain(gold).length)),
    }))
  ));
}

function exampleText(
  { id, text, golds }: QuestionRow,
  { tokenizer, protocol }: { readonly tokenizer: Tokenizer; readonly protocol: Protocol },
): string {
  const prompt = protocol.prompt(text).ids;
  const { ids, start, end } = protocol.probe(golds[0]!);
  const scored = tokenizer.decode(ids.subarray(start, end));
  return [
    `Question "${id}" begins with ${prompt.length} tokens`,
    tokenizer.decode(prompt),
    `\nIts probe has ${ids.length} tokens, of which ${end - start} are scored: ` +
    JSON.stringify(scored),
    tokenizer.decode(ids),
  ].join("\n");
}
