import { Effect } from "effect";
import { deepStrictEqual, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Recipe } from "../src/domain/recipe.ts";
import { type SplitName, SPLITS } from "../src/domain/question.ts";
import type { QuestionRow } from "../src/files/question_rows.ts";
import { arrangeQuestions, notesOf } from "../src/run/file_questions.ts";
import { digestOf, splitQuestions } from "../src/run/question_splits.ts";
import { filterQuestions } from "../src/run/question_filter.ts";
import { tinyRecipe, tinyTask } from "./support/tiny_run.ts";

const { tokenizer } = tinyTask;

const question = (change: Partial<QuestionRow>): QuestionRow => ({
  id: "1",
  text: "Who wrote it?",
  golds: ["Ada"],
  kind: "nq",
  hops: null,
  split: null,
  ...change,
});

const filtered = (questions: ReadonlyArray<QuestionRow>, recipe: Partial<Recipe>) => {
  const { kept, leftOut } = filterQuestions(questions, {
    recipe: { ...tinyRecipe, ...recipe },
    tokenizer,
  });
  return { kept: kept.map(({ id, golds }) => [id, ...golds]), leftOut };
};

Deno.test("filterQuestions() leaves out long gold answers, and questions without any other", () => {
  const words = (count: number) => Array.from({ length: count }, () => "w").join(" ");
  const questions = [
    question({ id: "kept", golds: [words(31), words(30), "x".repeat(301), "x".repeat(300)] }),
    question({ id: "long", golds: [words(31), "x".repeat(301)] }),
  ];
  deepStrictEqual(filtered(questions, {}), {
    kept: [["kept", words(30), "x".repeat(300)]],
    leftOut: [{ reason: "every gold answer exceeds 30 words or 300 characters", count: 1 }],
  });
});

Deno.test("filterQuestions() counts gold answers in the tokenizer's tokens", () => {
  const long = "Constantinople";
  const tokens = tokenizer.encodePlain(long).length;
  const questions = [
    question({ id: "a", golds: [long, "x"] }),
    question({ id: "b", golds: [long] }),
  ];
  deepStrictEqual(filtered(questions, { maxGoldTokens: tokens }).leftOut, []);
  deepStrictEqual(filtered(questions, { maxGoldTokens: tokens - 1 }), {
    kept: [["a", "x"]],
    leftOut: [{ reason: `every gold answer exceeds ${tokens - 1} tokens`, count: 1 }],
  });
});

Deno.test("filterQuestions() keeps kinds and hops, and rows that tell no hops", () => {
  const questions = [
    question({ id: "1", kind: "nq", hops: 2 }),
    question({ id: "2", kind: "tq", hops: 2 }),
    question({ id: "3", kind: "tq", hops: 3 }),
    question({ id: "4", kind: "popqa" }),
    question({ id: "5", kind: "nq" }),
    question({ id: "6", kind: "nq", hops: 4 }),
    question({ id: "7", kind: "nq", hops: 4 }),
  ];
  deepStrictEqual(filtered(questions, { keepKinds: ["nq", "popqa"], keepHops: [2, 3] }), {
    kept: [["1", "Ada"], ["4", "Ada"], ["5", "Ada"]],
    leftOut: [
      { reason: 'keepKinds has no "tq"', count: 2 },
      { reason: "keepHops has no 4", count: 2 },
    ],
  });
});

const arranged = (questions: ReadonlyArray<QuestionRow>, recipe: Partial<Recipe> = {}) =>
  arrangeQuestions(questions, {
    recipe: { ...tinyRecipe, ...recipe },
    tokenizer,
    purpose: "train",
  });

/** Questions that share no pair of words. */
const differing = (count: number) =>
  Array.from(
    { length: count },
    (_, i) => question({ id: `${i}`, text: `who${i} wrote${i} book${i}` }),
  );

Deno.test("arrangeQuestions() does not train on what is held out too", () => {
  // The second of a pair has a word more, so that its hash and often its split are others.
  const pairs = Array.from({ length: 60 }, (_, i) => {
    const text = Array.from("abcdefgh", (letter) => `${letter}${i}`).join(" ");
    return [question({ id: `${i}`, text }), question({ id: `${i}+`, text: `${text} now` })];
  });
  const counts = { testQuestions: 100, validationQuestions: 100 };
  const { train, validation, test, nearDuplicates } = arranged(pairs.flat(), counts);
  const numberOf = ({ id }: QuestionRow) => parseInt(id);
  const heldOut = new Set([...validation, ...test].map(numberOf));
  deepStrictEqual(train.filter((one) => heldOut.has(numberOf(one))), []);
  ok(nearDuplicates.length > 10);
  for (const { question, like } of nearDuplicates) strictEqual(numberOf(question), numberOf(like));
  strictEqual(train.length + validation.length + test.length + nearDuplicates.length, 120);
});

Deno.test("notesOf() names some near-duplicates and counts equal questions", () => {
  const like = question({ id: "nq/1", text: "who wrote it?" });
  const nearDuplicates = ["Who wrote it", "who, wrote it", "so who wrote it", "who wrote it it"]
    .map(
      (text, i) => ({ question: question({ id: `nq/${i + 2}`, text }), like, similarity: 1 }),
    );
  const equal = [like, question({ id: "nq/9", text: "WHO wrote it" }), question({ text: "Why?" })];
  deepStrictEqual(
    notesOf({
      train: equal,
      validation: [],
      test: [like],
      leftOut: [],
      missing: ["validation"],
      nearDuplicates,
    }),
    [
      "Left out 4 training questions that are held out too:",
      '  "nq/2" (Who wrote it) is like "nq/1" (who wrote it?)',
      '  "nq/3" (who, wrote it) is like "nq/1" (who wrote it?)',
      '  "nq/4" (so who wrote it) is like "nq/1" (who wrote it?)',
      "  and 1 more, which ./igpo data lists",
      "There are no validation questions",
      "Of the train questions 1 repeat the text of another",
    ],
  );
});

/** The split of each question, by id. */
const splitsOf = (questions: ReadonlyArray<QuestionRow>, counts: Partial<Recipe> = {}) => {
  const splits = splitQuestions(questions, { ...tinyRecipe, ...counts });
  return new Map(SPLITS.flatMap((split) => splits[split].map(({ id }) => [id, split] as const)));
};
const shareOf = (splits: ReadonlyMap<string, SplitName>, name: SplitName) =>
  splits.values().filter((split) => split === name).toArray().length;

Deno.test("splitQuestions() keeps each question's split when a file grows or its order changes", () => {
  const counts = { testQuestions: 1000, validationQuestions: 1000 };
  const few = splitsOf(differing(300), counts);
  const many = splitsOf(differing(900).reverse(), counts);
  for (const [id, split] of few) strictEqual(many.get(id), split);
  for (const held of ["test", "validation"] as const) {
    const share = shareOf(many, held) / 900;
    ok(share > 0.2 && share < 0.3, `${share}`);
  }
});

Deno.test("splitQuestions() holds out as many as asked, and never what was trained on before", () => {
  const counts = { testQuestions: 20, validationQuestions: 10 };
  const few = splitsOf(differing(300), counts);
  const many = splitsOf(differing(900), counts);
  deepStrictEqual(SPLITS.map((split) => shareOf(many, split)), [870, 10, 20]);
  for (const [id, split] of few) ok(split !== "train" || many.get(id) === "train");
});

Deno.test("splitQuestions() gives texts that differ in case or punctuation one split", () => {
  const counts = { testQuestions: 1000, validationQuestions: 1000 };
  const loud = differing(100).map((one) => ({ ...one, text: `${one.text.toUpperCase()}!` }));
  deepStrictEqual(splitsOf(loud, counts), splitsOf(differing(100), counts));
});

Deno.test("splitQuestions() uses the splits that files tell, and leaves out what is held out too much", () => {
  const all = differing(100).map((one, i): QuestionRow => ({
    ...one,
    split: i < 60 ? "train" : i < 75 ? "test" : null,
  }));
  const counts = { testQuestions: 10, validationQuestions: 20 };
  const { train, validation, test, leftOut } = splitQuestions(all, { ...tinyRecipe, ...counts });
  const told = (questions: ReadonlyArray<QuestionRow>) =>
    [...new Set(questions.map(({ split }) => split))].sort();
  deepStrictEqual([told(test), test.length], [["test"], 10]);
  deepStrictEqual(leftOut, [{ reason: "testQuestions of the recipe is 10", count: 5 }]);
  ok(!told(train).includes("test") && !told(validation).includes("test"));
  strictEqual(train.length + validation.length, 85);
});

Deno.test("splitQuestions() says which splits the recipe asks for in vain", () => {
  const missing = (counts: Partial<Recipe>) =>
    splitQuestions(differing(1), { ...tinyRecipe, ...counts }).missing.length;
  // One question is in one split at most.
  ok(missing({ testQuestions: 1, validationQuestions: 1 }) > 0);
  strictEqual(missing({ testQuestions: 0, validationQuestions: 0 }), 0);
});

Deno.test("splitQuestions() splits a file whose rows all tell the same", () => {
  const dev = differing(100).map((one): QuestionRow => ({ ...one, split: "validation" }));
  deepStrictEqual(splitsOf(dev), splitsOf(differing(100)));
});

const digest = (splits: Parameters<typeof digestOf>[0]) => Effect.runPromise(digestOf(splits));

Deno.test("digestOf() tells other questions, other splits and other gold answers apart", async () => {
  const [a, b] = differing(2);
  const base = { train: [a!, b!], validation: [], test: [] };
  strictEqual(await digest(base), await digest({ ...base }));
  const others = [
    { ...base, train: [b!, a!] },
    { ...base, train: [a!], test: [b!] },
    { ...base, train: [a!, { ...b!, golds: ["Eve"] }] },
  ];
  for (const other of others) notStrictEqual(await digest(base), await digest(other));
});
