import { Effect } from "effect";
import { BadInput } from "../domain/errors.ts";
import { type Question, SPLITS } from "../domain/question.ts";
import { namesOf, type QuestionFiles } from "../domain/question_files.ts";
import type { Recipe } from "../domain/recipe.ts";
import type { QuestionRow } from "../files/question_rows.ts";
import { type NearDuplicate, nearDuplicates, plainText } from "../text/near_duplicates.ts";
import { type FilterOptions, filterQuestions } from "./question_filter.ts";
import { type SplitQuestions, splitQuestions } from "./question_splits.ts";

/** Whether a policy is trained, or only sampled. */
export type Purpose = "train" | "evaluate";

/** Questions of files as a run uses them. */
export type ArrangedQuestions = SplitQuestions & {
  /** Questions that are not trained on, as validation or test questions say nearly the same. */
  readonly nearDuplicates: ReadonlyArray<NearDuplicate<QuestionRow>>;
};

/** What arranging depends on. */
export interface ArrangeOptions extends Pick<FilterOptions, "tokenizer"> {
  readonly recipe: Recipe;
  /** When nothing is trained, all questions are test questions. */
  readonly purpose: Purpose;
}

/**
 * Leaves out questions that the recipe does not want, splits the others, and takes out of training what the other splits
 * ask too.
 */
export function arrangeQuestions(
  rows: ReadonlyArray<QuestionRow>,
  { recipe, tokenizer, purpose }: ArrangeOptions,
): ArrangedQuestions {
  const { kept, leftOut } = filterQuestions(rows, { recipe, tokenizer });
  if (purpose === "evaluate") {
    return { train: [], validation: [], test: kept, leftOut, missing: [], nearDuplicates: [] };
  }
  const splits = splitQuestions(kept, recipe);
  const known = nearDuplicates(splits.train, [...splits.validation, ...splits.test]);
  const removed = new Set(known.map(({ question }) => question));
  const train = splits.train.filter((question) => !removed.has(question));
  return {
    ...splits,
    train,
    leftOut: [...leftOut, ...splits.leftOut],
    missing: [...splits.missing, ...(train.length === 0 ? ["train" as const] : [])],
    nearDuplicates: known,
  };
}

/** Fails with `BadInput` if no question of the files is left. */
export function checkSome(
  { train, validation, test, leftOut }: ArrangedQuestions,
  files: QuestionFiles,
): Effect.Effect<void, BadInput> {
  if (train.length + validation.length + test.length > 0) return Effect.void;
  const reasons = leftOut.map(({ count, reason }) => `${count} left out: ${reason}`);
  return Effect.fail(
    new BadInput({
      message:
        `Cannot use "${namesOf(files)}" as it must hold a question to ask: current value is none` +
        (reasons.length === 0 ? "" : ` (${reasons.join("; ")})`),
    }),
  );
}

/** Near-duplicates that the notes of a run name. */
const NAMED = 3;

/** What the user should know about the questions, one line each; near-duplicates are named up to a number. */
export function notesOf(arranged: ArrangedQuestions, named = NAMED): ReadonlyArray<string> {
  const { leftOut, missing, nearDuplicates } = arranged;
  const { length } = nearDuplicates;
  const name = ({ id, text }: Question) => `"${id}" (${text})`;
  return [
    ...leftOut.map(({ count, reason }) => `Left out ${count} questions: ${reason}`),
    ...(length === 0 ? [] : [`Left out ${length} training questions that are held out too:`]),
    ...nearDuplicates.slice(0, named).map(({ question, like }) =>
      `  ${name(question)} is like ${name(like)}`
    ),
    ...(length > named ? [`  and ${length - named} more, which ./igpo data lists`] : []),
    ...missing.map((split) => `There are no ${split} questions`),
    ...SPLITS.flatMap((split) => {
      const equal = arranged[split].length - distinctTexts(arranged[split]);
      return equal === 0 ? [] : [`Of the ${split} questions ${equal} repeat the text of another`];
    }),
  ];
}

function distinctTexts(questions: ReadonlyArray<Question>): number {
  return new Set(questions.map(({ text }) => plainText(text))).size;
}
