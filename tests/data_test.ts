import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { resolveConfig } from "../src/domain/config.ts";
import { BadInput, BadRows } from "../src/domain/errors.ts";
import { NO_FLAGS } from "../src/domain/flags.ts";
import type { QuestionFiles } from "../src/domain/question_files.ts";
import type { Recipe } from "../src/domain/recipe.ts";
import type { Screen } from "../src/files/screen.ts";
import { data } from "../src/programs/data.ts";
import { dataTable } from "../src/report/data_table.ts";
import { inFolder, tinyModel, tinyRecipe } from "./support/tiny_run.ts";

const config = Effect.runSync(resolveConfig({ ...NO_FLAGS, device: "cpu" }));

/** What the program prints for a file, and how it ends. */
async function looked(questions: QuestionFiles, recipe: Partial<Recipe> = {}) {
  const printed: Array<string> = [];
  const screen: Screen = {
    columns: 80,
    isTerminal: false,
    hasColor: false,
    print: (text) => Effect.sync(() => void printed.push(text)),
    showProgress: () => Effect.void,
    onProgress: () => {},
  };
  const error = await Effect.runPromise(
    data({
      config: { ...config, questions, recipe: { ...tinyRecipe, ...recipe } },
      model: tinyModel,
      date: "2026-11-23",
      screen,
    }).pipe(Effect.as(null), Effect.catch(Effect.succeed)),
  );
  return { text: printed.join("\n"), error };
}

const rowsOf = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    id: i,
    question: `Who wrote book number ${i}?`,
    answers: ["Ada"],
    source: i % 2 === 0 ? "even" : "odd",
  }));

async function write(folder: string, rows: ReadonlyArray<unknown>): Promise<string> {
  const path = `${folder}/questions.jsonl`;
  await Deno.writeTextFile(path, rows.map((row) => JSON.stringify(row)).join("\n"));
  return path;
}

Deno.test("data() names every bad row and counts the others", () =>
  inFolder(async (folder) => {
    const bad = [{ question: "Q" }, { question: "", answers: ["a"] }];
    const path = await write(folder, [bad[0], ...rowsOf(20), bad[1]]);
    const { text, error } = await looked(path);
    match(text, /in row 1 a gold answer must stand/);
    match(text, /in row 22 the question must have text/);
    match(text, /^all +20 /m);
    ok(error instanceof BadRows);
    match(error.message, /as each row must be a question: 2 of 22 rows are not$/);
  }));

Deno.test("data() shows a question with its probe as it is trained on", () =>
  inFolder(async (folder) => {
    const { text, error } = await looked(await write(folder, rowsOf(20)));
    strictEqual(error, null);
    match(
      text,
      /<\|im_start\|>user\nWho wrote book number \d+\?<\|im_end\|><\|im_start\|>assistant<think>$/m,
    );
    match(text, /of which \d+ are scored: " ?Ada"/);
    match(text, /<\/think><answer> ?Ada<\/answer><\|im_end\|>$/);
  }));

Deno.test("data() says of long gold answers why their questions are left out", () =>
  inFolder(async (folder) => {
    const long = { question: "Q", answers: ["w ".repeat(31)] };
    const { text } = await looked(await write(folder, [long, ...rowsOf(20)]));
    match(text, /^Left out 1 questions: every gold answer exceeds 30 words or 300 characters$/m);
    const { error } = await looked(await write(folder, [long]));
    ok(error instanceof BadInput);
    match(error.message, /must hold a question to ask: current value is none \(1 left out: /);
  }));

Deno.test("data() names questions that do not fit into the context", () =>
  inFolder(async (folder) => {
    const long = { id: "long", question: "many words ".repeat(99), answers: ["a"] };
    const { text } = await looked(await write(folder, [long, ...rowsOf(20)]));
    match(
      text,
      /^A run refuses "unnamed\/long": its prompt has \d{3} tokens, contextTokens is 128$/m,
    );
    strictEqual(text.match(/A run refuses/g)?.length, 1);
  }));

Deno.test("data() refuses an empty file", () =>
  inFolder(async (folder) => {
    const { error } = await looked(await write(folder, []));
    ok(error instanceof BadInput);
    match(error.message, /must hold a question: current value is none$/);
  }));

Deno.test("data() goes through all files and says whose rows are bad", () =>
  inFolder(async (folder) => {
    const first = await write(folder, rowsOf(20));
    const second = `${folder}/a,b*2`;
    await Deno.writeTextFile(second, `{"question":"Why?","answers":"x"}\n{}`);
    const { text, error } = await looked([
      { file: first, weight: 1 },
      { file: second, weight: 2 },
    ]);
    match(text, /^Cannot read "[^"]*a,b\*2" as in row 2 /m);
    match(
      text,
      /questions\.jsonl: 20 questions, 0 bad rows, weight 1\n.*a,b\*2: 1 questions, 1 bad rows, weight 2$/m,
    );
    match(text, /^all +21 /m);
    ok(error instanceof BadRows);
    match(error.message, /1 of 22 rows are not$/);
  }));

Deno.test("dataTable() counts by source, hops and answer length", () => {
  const one = { split: "train", kind: "nq", hops: 2, goldTokens: 6 } as const;
  const table = dataTable([
    one,
    { ...one, split: "test", hops: null },
    { ...one, kind: "tq", goldTokens: 16 },
    { ...one, kind: "tq", goldTokens: 1 },
  ]);
  const counts = Object.fromEntries(
    table.split("\n").filter((line) => /\d$/.test(line)).map((line) => {
      const [name, ...numbers] = line.trim().split(/ {2,}/);
      return [name, numbers.map(Number)];
    }),
  );
  deepStrictEqual(counts, {
    nq: [2, 1, 0, 1],
    tq: [2, 2, 0, 0],
    2: [3, 3, 0, 0],
    "not told": [1, 0, 0, 1],
    1: [1, 1, 0, 0],
    "5-8": [2, 1, 0, 1],
    "9-16": [1, 1, 0, 0],
    all: [4, 3, 0, 1],
  });
});
