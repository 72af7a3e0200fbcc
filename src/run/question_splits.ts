import type { Effect } from "effect";
import { type SplitName, SPLITS } from "../domain/question.ts";
import type { Recipe } from "../domain/recipe.ts";
import type { QuestionRow } from "../files/question_rows.ts";
import { sha256 } from "../math/sha256.ts";
import { hashString, keyFromSeed, splitKey, uniform } from "../math/threefry.ts";
import { plainText } from "../text/near_duplicates.ts";
import type { LeftOut } from "./question_filter.ts";

/** Questions by what they are for, and those that the recipe has no place for. */
export type SplitQuestions =
  & Readonly<Record<SplitName, ReadonlyArray<QuestionRow>>>
  & {
    readonly leftOut: ReadonlyArray<LeftOut>;
    /** Splits that the recipe asks for and that no question is in. */
    readonly missing: ReadonlyArray<SplitName>;
  };

/** The share of the hashes that each held-out split may take. */
const HELD_OUT = 1 / 4;

/**
 * Splits questions by a hash of their texts, so that the order of rows and files changes nothing, and a question that
 * was trained on is never held out later because others were added. Test takes the lowest hashes, validation the
 * highest, each from a quarter of all hashes and at most as many as the recipe says; the others are trained on.
 *
 * Where rows tell splits that differ, or some rows tell none, a split that is told holds those rows alone.
 */
export function splitQuestions(
  questions: ReadonlyArray<QuestionRow>,
  { testQuestions, validationQuestions }: Pick<Recipe, "testQuestions" | "validationQuestions">,
): SplitQuestions {
  const isTold = new Set(questions.map(({ split }) => split)).size > 1;
  const placed = questions
    .map((question) => ({ question, split: isTold ? question.split : null, at: hashOf(question) }))
    .sort((a, b) => a.at - b.at || (a.question.id < b.question.id ? -1 : 1));
  const told = new Set(placed.map(({ split }) => split));
  const candidates = (name: SplitName, isIn: (at: number) => boolean) =>
    told.has(name)
      ? placed.filter(({ split }) => split === name)
      : placed.filter(({ split, at }) => (split === null || split === "train") && isIn(at));
  const test = candidates("test", (at) => at < HELD_OUT).slice(0, testQuestions);
  const highest = candidates("validation", (at) => at >= 1 - HELD_OUT).reverse();
  const validation = highest.slice(0, validationQuestions);
  const heldOut = new Set([...test, ...validation]);
  const rest = placed.filter((one) => !heldOut.has(one));
  const asked = [
    { name: "test", most: testQuestions, found: test },
    { name: "validation", most: validationQuestions, found: validation },
  ] as const;
  const leftOut = asked.flatMap(({ name, most }) => {
    const count = rest.filter(({ split }) => split === name).length;
    return count === 0 ? [] : [{ reason: `${name}Questions of the recipe is ${most}`, count }];
  });
  const missing = asked.filter(({ most, found }) => most > 0 && found.length === 0)
    .map(({ name }) => name);
  const train = rest.filter(({ split }) => split === null || split === "train");
  const [trained, validated, tested] = [train, validation, test].map((part) =>
    part.map(({ question }) => question)
  );
  return { train: trained!, validation: validated!, test: tested!, leftOut, missing };
}

/** A number in [0, 1) that the text alone decides. */
function hashOf({ text }: QuestionRow): number {
  return uniform(splitKey(keyFromSeed(0), hashString(plainText(text))), 0);
}

/** Digest of the questions of a run with their splits, in order: equal questions give equal digests. */
export function digestOf(
  splits: Readonly<Record<SplitName, ReadonlyArray<Pick<QuestionRow, "id" | "text" | "golds">>>>,
): Effect.Effect<string> {
  const text = JSON.stringify(
    SPLITS.map((split) => splits[split].map(({ id, text, golds }) => [id, text, golds])),
  );
  return sha256(text);
}
