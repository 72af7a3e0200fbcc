import { Duration, Effect } from "effect";
import type { RunConfig } from "../domain/config.ts";
import { BadInput } from "../domain/errors.ts";
import type { Question, QuestionKind } from "../domain/question.ts";
import { questionFiles } from "../domain/question_files.ts";
import type { Recipe } from "../domain/recipe.ts";
import { type Environment, makeToolEnvironment } from "../environment/environment.ts";
import { makeDocumentSearch, retrieveNothing, WEB_SEARCH } from "../environment/web_search.ts";
import { withWrongGolds } from "../environment/world/guesses.ts";
import { makeWorldTask } from "../environment/world/questions.ts";
import { type QuestionMix, WORLD_RECIPE, type WorldUse } from "../environment/world/recipe.ts";
import { worldRandom } from "../environment/world/world.ts";
import { worldSearch } from "../environment/world/world_environment.ts";
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

/** Questions and the environment that they are answered in. */
export interface Split {
  readonly questions: ReadonlyArray<Question>;
  readonly environment: Environment["Service"];
}

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
  const { config, model, date } = options;
  yield* checkSources(config);
  const sources = config.questions === null ? null : yield* openSources(config);
  const tools = sources === null ? [WEB_SEARCH] : sources.tools.map(({ spec }) => spec);
  const text = yield* readModelText(model, { date, tools });
  const splits = sources === null
    ? yield* worldSplits(options)
    : yield* fileSplits({ ...options, tokenizer: text.tokenizer }, sources);
  const { train, validation, test } = splits;
  if (options.purpose === "evaluate" && test.questions.length === 0) {
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
    ...(options.purpose === "train" && config.recipe.waitForShare < 1 ? [GIVES_UP] : []),
  ];
  return { ...text, ...splits, notes, meter: sources?.meter ?? null } satisfies Task;
});

/** What training episodes are played with, without their questions, for a process that is told those. */
export const loadPlay = Effect.fn("loadPlay")(function* (options: Omit<TaskOptions, "purpose">) {
  const { config, model, date } = options;
  yield* checkSources(config);
  const sources = config.questions === null ? null : yield* openSources(config);
  const tools = sources === null ? [WEB_SEARCH] : sources.tools.map(({ spec }) => spec);
  const { protocol } = yield* readModelText(model, { date, tools });
  const environment = sources === null
    ? (yield* worldSplits({ ...options, purpose: "train" })).train.environment
    : makeToolEnvironment({ tools: sources.tools, ...toolLimits(config.recipe) });
  return { protocol, environment };
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

/** Worlds are data: they do not depend on a run's seed, so that runs can be compared. */
const WORLD_SEED = 0;
const LARGEST_WORLD = 7;

const worldSplits = Effect.fnUntraced(function* (options: TaskOptions) {
  const { config: { recipe, search: named }, purpose } = options;
  const searchOff = named === SEARCH_OFF;
  const { worldScale, trainKinds, wrongGolds, trainQuestions, validationQuestions, testQuestions } =
    recipe;
  if (!Number.isInteger(worldScale) || worldScale > LARGEST_WORLD) {
    return yield* new BadInput({
      message: `Cannot make a world as worldScale must be a whole number from 1 to ` +
        `${LARGEST_WORLD}: current value is ${worldScale}`,
    });
  }
  const trainMix = mixOf(trainKinds);
  const split = (use: WorldUse, count: number): Split => {
    const address = { seed: WORLD_SEED, use, scale: worldScale };
    const isTraining = use === "train";
    const task = makeWorldTask(address, count, isTraining ? trainMix : undefined);
    const search = { ...worldSearch(task.world), limit: recipe.searchTopK };
    const tool = makeDocumentSearch(searchOff ? { ...search, retrieve: retrieveNothing } : search);
    return {
      questions: isTraining
        ? withWrongGolds(task, wrongGolds, worldRandom(address, "golds"))
        : task.questions,
      environment: makeToolEnvironment({ tools: [tool], ...toolLimits(recipe) }),
    };
  };
  const train = split("train", trainQuestions);
  if (purpose === "train" && train.questions.length < trainQuestions) {
    return yield* new BadInput({
      message: `Cannot draw ${trainQuestions} training questions of the kinds ` +
        `${trainKinds.join(", ")} as the world has ${train.questions.length}: lower ` +
        `trainQuestions, raise worldScale or add kinds`,
    });
  }
  return {
    train,
    validation: split("validation", validationQuestions),
    test: split("test", testQuestions),
    notes: [],
  };
});

/** The usual shares of the given kinds, and 0 for the others. */
function mixOf(kinds: ReadonlyArray<QuestionKind>): QuestionMix {
  const share = (kind: QuestionKind) => kinds.includes(kind) ? WORLD_RECIPE.mix[kind] : 0;
  return {
    "1-hop": share("1-hop"),
    "2-hop": share("2-hop"),
    "3-hop": share("3-hop"),
    choice: share("choice"),
  };
}

function toolLimits({ toolConcurrency, toolDeadlineSeconds }: Recipe) {
  return { concurrency: toolConcurrency, deadline: Duration.seconds(toolDeadlineSeconds) };
}

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
