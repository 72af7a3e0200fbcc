import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { resolveConfig, type RunConfig } from "../src/domain/config.ts";
import { NO_FLAGS } from "../src/domain/flags.ts";
import type { Recipe } from "../src/domain/recipe.ts";
import { loadTask, type TaskOptions } from "../src/run/task.ts";
import { inFolder, tinyModel, tinyRecipe } from "./support/tiny_run.ts";

const config: RunConfig = {
  ...Effect.runSync(resolveConfig({ ...NO_FLAGS, device: "cpu" })),
  recipe: { ...tinyRecipe, trainQuestions: 30, validationQuestions: 10, testQuestions: 10 },
};

const load = (changes: Partial<RunConfig> = {}, options: Partial<TaskOptions> = {}) =>
  Effect.runPromise(Effect.scoped(loadTask({
    config: { ...config, ...changes },
    model: tinyModel,
    date: "2026-11-23",
    purpose: "train",
    ...options,
  })));

const refusal = (changes: Partial<RunConfig>) =>
  load(changes).then(() => "", (error: Error) => error.message);

Deno.test("loadTask() makes worlds whose questions are in one split only", async () => {
  const { train, validation, test } = await load();
  const ids = [train, validation, test].map(({ questions }) => questions.map(({ id }) => id));
  deepStrictEqual(ids.map((split) => split.length), [30, 10, 10]);
  strictEqual(new Set(ids.flat()).size, 50);
});

Deno.test("loadTask() makes the same worlds for every seed", async () => {
  const texts = async (seed: number) =>
    (await load({ seed })).train.questions.map(({ text }) => text);
  deepStrictEqual(await texts(1), await texts(2));
});

/** What searching for a question's own words finds. */
async function searched(search: string | null): Promise<string> {
  const { test } = await load({ search });
  const question = test.questions[0]!;
  const query = { name: "web_search", arguments: { query: [question.text] } };
  const result = await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
    const session = yield* test.environment.open(question);
    return yield* session.step({ _tag: "ToolCalls", calls: [query] });
  })));
  ok(result._tag === "Observation");
  return result.results[0]!.content;
}

Deno.test("loadTask() turns searching off where asked", async () => {
  match(await searched(null), /\w+ .*\.\n?/);
  strictEqual(await searched("off"), " no results");
});

async function writeData(folder: string, count: number) {
  const lines = (rows: ReadonlyArray<unknown>) => rows.map((row) => JSON.stringify(row)).join("\n");
  const numbers = Array.from({ length: count }, (_, i) => i);
  const questions = `${folder}/questions.jsonl`;
  const corpus = `${folder}/corpus.jsonl`;
  const rows = numbers.flatMap((i) =>
    ["a", "b"].map((kind) => ({
      id: `${i}`,
      kind,
      question: `What is ${kind} ${i}?`,
      answers: ["x"],
    }))
  );
  await Deno.writeTextFile(questions, lines(rows));
  await Deno.writeTextFile(corpus, lines([{ id: "1", title: "T", text: "some text" }]));
  return { questions, corpus };
}

Deno.test("loadTask() splits a file by its texts, and ids of its kinds stay apart", () =>
  inFolder(async (folder) => {
    const paths = await writeData(folder, 20);
    const { train, validation, test } = await load(paths);
    for (const { questions } of [train, validation, test]) ok(questions.length >= 5);
    const all = [train, validation, test].flatMap(({ questions }) => questions);
    strictEqual(new Set(all.map(({ id }) => id)).size, 40);
    const evaluated = await load(paths, { purpose: "evaluate" });
    strictEqual(evaluated.test.questions.length, 40);
  }));

Deno.test("loadTask() reads several files, whose questions keep their weights", () =>
  inFolder(async (folder) => {
    const { questions, corpus } = await writeData(folder, 10);
    const other = `${folder}/a,b*2`;
    const rows = (await Deno.readTextFile(questions)).replaceAll("What is", "Where was");
    await Deno.writeTextFile(other, rows);
    const files = [{ file: questions, weight: 1 }, { file: other, weight: 2 }];
    const { train, validation, test } = await load({ questions: files, corpus });
    const all = [train, validation, test].flatMap((split) => split.questions);
    strictEqual(new Set(all.map(({ id }) => id)).size, 40);
    for (const { text, weight } of all) strictEqual(weight, text.startsWith("Where") ? 2 : 1);
  }));

Deno.test("loadTask() gives the world's template the compact layout, any other the paper's", async () => {
  const worlds: Readonly<Record<string, unknown>> = JSON.parse(
    tinyModel.tokenizerFiles["tokenizer_config.json"],
  );
  const foreign = `${worlds["chat_template"]}{# another #}`;
  const tokenizerFiles = {
    ...tinyModel.tokenizerFiles,
    "tokenizer_config.json": JSON.stringify({ ...worlds, chat_template: foreign }),
  };
  const roomy = { recipe: { ...config.recipe, contextTokens: 1024 } };
  const [own, other] = [
    await load(roomy),
    await load(roomy, { model: { ...tinyModel, tokenizerFiles } }),
  ];
  const promptOf = ({ protocol, tokenizer }: typeof own) =>
    tokenizer.decode(protocol.prompt("Why?").ids);
  match(promptOf(own), /Search, then answer\./);
  match(promptOf(other), /Today is 2026-11-23\./);
});

Deno.test("loadTask() refuses what cannot work in one sentence", async () => {
  strictEqual(
    await refusal({ questions: "q.jsonl" }),
    "Cannot ask questions without their documents as --questions needs --corpus, --search or " +
      "--mcp: none is given",
  );
  strictEqual(
    await refusal({ recipe: { ...config.recipe, worldScale: 1.5 } }),
    "Cannot make a world as worldScale must be a whole number from 1 to 7: current value is 1.5",
  );
});

Deno.test("loadTask() refuses a question whose prompt leaves no room in the context", () =>
  inFolder(async (folder) => {
    const paths = await writeData(folder, 8);
    const long = { id: "long", kind: "a", question: "many words ".repeat(99), answers: ["x"] };
    await Deno.writeTextFile(paths.questions, `\n${JSON.stringify(long)}\n`, { append: true });
    match(
      await refusal(paths),
      /^Cannot ask question "a\/long" as its prompt must be shorter than contextTokens 128: it has \d+ tokens$/,
    );
  }));

Deno.test("loadTask() trains on the recipe's kinds and measures on all", async () => {
  const recipe: Recipe = { ...config.recipe, trainKinds: ["3-hop"], testQuestions: 40 };
  const { train, test } = await load({ recipe });
  const kinds = (questions: ReadonlyArray<{ readonly kind: string }>) =>
    [...new Set(questions.map(({ kind }) => kind))].sort();
  deepStrictEqual(kinds(train.questions), ["3-hop"]);
  deepStrictEqual(kinds(test.questions), ["1-hop", "2-hop", "3-hop", "choice"]);
  const mixed = await load({ recipe: { ...config.recipe, testQuestions: 40 } });
  deepStrictEqual(test.questions, mixed.test.questions);
});

Deno.test("loadTask() refuses kinds of which the world has too few questions", async () => {
  const recipe: Recipe = { ...config.recipe, trainKinds: ["1-hop"], trainQuestions: 600 };
  strictEqual(
    await refusal({ recipe }),
    "Cannot draw 600 training questions of the kinds 1-hop as the world has 204: lower " +
      "trainQuestions, raise worldScale or add kinds",
  );
});
