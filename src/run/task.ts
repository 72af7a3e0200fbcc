import { Effect } from "effect";
import type { RunConfig } from "../domain/config.ts";
import { BadInput } from "../domain/errors.ts";
import type { Question } from "../domain/question.ts";
import { questionFiles } from "../domain/question_files.ts";
import type { Recipe } from "../domain/recipe.ts";
import { makeToolEnvironment } from "../environment/environment.ts";
import { WEB_SEARCH } from "../environment/web_search.ts";
import { readQuestions } from "../files/questions.ts";
import type { ModelFolder } from "../pipeline/model_folder.ts";
import { checkPrompt } from "../pipeline/play.ts";
import type { Meter } from "../search/meter.ts";
import { SEARCH_OFF } from "../search/open.ts";
import type { Protocol } from "../text/protocol.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import { arrangeQuestions, checkSome, notesOf, type Purpose } from "./file_questions.ts";
import { checkSources, openSources, type Sources } from "./sources.ts";
import { longPrompts, readModelText } from "./text.ts";
import { type Split, toolLimits, worldSplits } from "./world_splits.ts";

/** What an agent is trained and measured on; no question is in two splits. */
export interface Task {
  readonly tokenizer: Tokenizer;
  readonly protocol: Protocol;
  readonly train: Split;
  readonly validation: Split;
  readonly test: Split;
  /** What the user should know about the data, one sentence each. */
  readonly notes: ReadonlyArray<string>;
  /** What was asked outside so far; null where nothing can be. */
  readonly meter: Meter | null;
}

/** What a task is made from. */
export interface TaskOptions {
  readonly config: RunConfig;
  readonly model: ModelFolder;
  /** The date in the system prompt. */
  readonly date: string;
  /** When nothing is trained, all questions of a file are test questions. */
  readonly purpose: Purpose;
}

/** The task of a configuration: the user's questions and corpus, or the embedded world's. */
export const loadTask = Effect.fn("loadTask")(function* (options: TaskOptions) {
  const { config, purpose } = options;
  const { sources, text } = yield* openTools(options);
  const searchOff = config.search === SEARCH_OFF;
  const splits = sources === null
    ? { ...(yield* worldSplits(config.recipe, { purpose, searchOff })), notes: [] }
    : yield* fileSplits({ ...options, tokenizer: text.tokenizer }, sources);
  const { train, validation, test } = splits;
  if (purpose === "evaluate" && test.questions.length === 0) {
    return yield* new BadInput({
      message: "Cannot evaluate without questions as there must be one: there are 0 test questions",
    });
  }
  for (const { questions } of [train, validation, test]) {
    yield* checkPrompts(text.protocol, questions, config.recipe);
  }
  const notes = [
    ...splits.notes,
    ...(text.protocol.dropsThoughts ? [KEEPS_THOUGHTS] : []),
    ...(purpose === "train" && config.recipe.waitForShare < 1 ? [GIVES_UP] : []),
  ];
  return { ...text, ...splits, notes, meter: sources?.meter ?? null } satisfies Task;
});

/** What training episodes are played with, without their questions, for a process that is told those. */
export const loadPlay = Effect.fn("loadPlay")(function* (options: Omit<TaskOptions, "purpose">) {
  const { recipe, search } = options.config;
  const { sources, text: { protocol } } = yield* openTools(options);
  if (sources !== null) {
    const environment = makeToolEnvironment({ tools: sources.tools, ...toolLimits(recipe) });
    return { protocol, environment };
  }
  const splits = yield* worldSplits(recipe, { purpose: "train", searchOff: search === SEARCH_OFF });
  return { protocol, environment: splits.train.environment };
});

/** The tools of the user's questions, or null for the embedded world's, and how the model is told of them. */
const openTools = Effect.fnUntraced(function* (
  { config, model, date }: Omit<TaskOptions, "purpose">,
) {
  yield* checkSources(config);
  const sources = config.questions === null ? null : yield* openSources(config);
  const tools = sources === null ? [WEB_SEARCH] : sources.tools.map(({ spec }) => spec);
  return { sources, text: yield* readModelText(model, { date, tools }) };
});

const KEEPS_THOUGHTS =
  "The chat template leaves out what earlier messages thought, but episodes keep it as it was " +
  "sampled: serve the trained model with a template that keeps it too";

const GIVES_UP =
  "This run cannot be repeated bit for bit: waitForShare is below 1, so that time decides which episodes it trains on";

/** Refuses a question too long for the context now, not only at the step that asks it. */
const checkPrompts = Effect.fnUntraced(function* (
  protocol: Protocol,
  questions: ReadonlyArray<Question>,
  recipe: Recipe,
) {
  for (const { question, tokens } of longPrompts(protocol, questions, recipe)) {
    yield* checkPrompt(question, tokens, recipe);
  }
});

const fileSplits = Effect.fnUntraced(function* (
  { config: { recipe, questions: files }, purpose, tokenizer }:
    & TaskOptions
    & Pick<Task, "tokenizer">,
  { tools }: Sources,
) {
  const read = yield* readQuestions(questionFiles(files!), Effect.fail);
  const questions = read.flatMap((file) => file.questions);
  const arranged = arrangeQuestions(questions, { recipe, tokenizer, purpose });
  yield* checkSome(arranged, files!);
  const environment = makeToolEnvironment({ tools, ...toolLimits(recipe) });
  return {
    train: { questions: arranged.train, environment },
    validation: { questions: arranged.validation, environment },
    test: { questions: arranged.test, environment },
    notes: notesOf(arranged),
  };
});
