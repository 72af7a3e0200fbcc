import { Context, Duration, Effect, Layer } from "effect";
import type { RunConfig } from "../domain/config.ts";
import { isRecord } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import type { Question, QuestionKind } from "../domain/question.ts";
import type { Recipe } from "../domain/recipe.ts";
import { layerSearch, searchInMemory, searchNothing } from "../environment/corpus_environment.ts";
import { Environment, makeToolEnvironment } from "../environment/environment.ts";
import { makeDocumentSearch, retrieveNothing, WEB_SEARCH } from "../environment/web_search.ts";
import { withWrongGolds } from "../environment/world/guesses.ts";
import { makeWorldTask } from "../environment/world/questions.ts";
import { type QuestionMix, WORLD_RECIPE, type WorldUse } from "../environment/world/recipe.ts";
import { WORLD_CHAT_TEMPLATE } from "../environment/world/tokenizer.ts";
import { worldRandom } from "../environment/world/world.ts";
import { worldSearch } from "../environment/world/world_environment.ts";
import { readCorpus } from "../files/corpus.ts";
import { readQuestions } from "../files/questions.ts";
import { createRandom } from "../math/random.ts";
import { keyFromSeed } from "../math/threefry.ts";
import type { ModelFolder } from "../pipeline/model_folder.ts";
import { checkPrompt } from "../pipeline/play.ts";
import {
  JOURNAL_MODES,
  type JournalMode,
  openJournal,
  type SearchCounts,
} from "../search/journal.ts";
import { withBudget } from "../search/budget.ts";
import { openSearch } from "../search/open.ts";
import { makeChatTemplate } from "../text/chat_template.ts";
import { makeProtocol, type Protocol } from "../text/protocol.ts";
import { compactStyle, paperStyle } from "../text/protocol_style.ts";
import { searchSystemPrompt } from "../text/system_prompt.ts";
import { checkVocabulary, makeTokenizer, type Tokenizer } from "../text/tokenizer.ts";

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
  /** What the search journal did so far; null without one. */
  readonly searched: SearchCounts | null;
}

/** Whether a policy is trained, or only sampled. */
export type Purpose = "train" | "evaluate";

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
  const text = yield* readText(model, date);
  yield* checkSources(config);
  const splits = config.questions === null
    ? yield* worldSplits(options)
    : yield* fileSplits(options, config.questions);
  const { train, validation, test } = splits;
  if (options.purpose === "evaluate" && test.questions.length === 0) {
    return yield* new BadInput({
      message: "Cannot evaluate without questions as there must be one: there are 0 test questions",
    });
  }
  for (const { questions } of [train, validation, test]) {
    yield* checkPrompts(text.protocol, questions, config.recipe);
  }
  const notes = [...splits.notes, ...(text.protocol.dropsThoughts ? [KEEPS_THOUGHTS] : [])];
  return { ...text, ...splits, notes } satisfies Task;
});

/** What `search` is where tools find nothing: the control that shows what searching is worth. */
const SEARCH_OFF = "off";

/** Questions of a file are answered from one source; those of the embedded world from its own documents. */
function checkSources(
  { questions, corpus, search, journal, searchBudget }: RunConfig,
): Effect.Effect<void, BadInput> {
  const cannot = (why: string) => Effect.fail(new BadInput({ message: `Cannot ${why}` }));
  const isEngine = search !== null && search !== SEARCH_OFF;
  if (questions === null && (corpus !== null || isEngine)) {
    return cannot(
      `search for answers without questions as --${corpus === null ? "search" : "corpus"} ` +
        `belongs to --questions: it is not given`,
    );
  }
  if (!isEngine && (journal !== null || searchBudget !== null)) {
    const flag = journal === null ? "--search-budget" : "--journal";
    return cannot(`use ${flag} as it is for a search engine: --search names none`);
  }
  if (corpus !== null && isEngine) {
    return cannot(`search in two places as --corpus and --search "${search}" are one or the other`);
  }
  if (questions !== null && corpus === null && search === null) {
    return cannot(
      "ask questions without their documents as --questions needs --corpus or --search: neither " +
        "is given",
    );
  }
  return Effect.void;
}

const KEEPS_THOUGHTS =
  "The chat template leaves out what earlier messages thought, but episodes keep it as it was " +
  "sampled: serve the trained model with a template that keeps it too";

/** Refuses a question too long for the context now, not only at the step that asks it. */
const checkPrompts = Effect.fnUntraced(function* (
  protocol: Protocol,
  questions: ReadonlyArray<Question>,
  { contextTokens }: Recipe,
) {
  const room = contextTokens - protocol.prompt("").ids.length;
  // No encoder makes more than four tokens of a character, so most questions need no check.
  for (const question of questions.filter(({ text }) => 4 * text.length >= room)) {
    const tokens = protocol.prompt(question.text).ids.length;
    yield* checkPrompt(question, tokens, { contextTokens });
  }
});

/** Tokenizer and protocol. The embedded world's chat template gets the compact layout, all others the paper's. */
const readText = Effect.fnUntraced(function* (model: ModelFolder, date: string) {
  const files = model.tokenizerFiles;
  const tokenizerConfig: unknown = yield* parseJson(files, "tokenizer_config.json");
  const tokenizer = yield* Effect.fromResult(
    makeTokenizer(yield* parseJson(files, "tokenizer.json"), tokenizerConfig),
  );
  yield* Effect.fromResult(checkVocabulary(tokenizer, model.architecture.vocabulary));
  const template = yield* Effect.fromResult(makeChatTemplate(tokenizerConfig));
  const isWorlds = isRecord(tokenizerConfig) &&
    tokenizerConfig["chat_template"] === WORLD_CHAT_TEMPLATE;
  const layout = isWorlds
    ? { style: compactStyle, system: WORLD_RECIPE.systemText }
    : { style: paperStyle, system: searchSystemPrompt({ date, tools: [WEB_SEARCH] }) };
  const now = new Date(`${date}T00:00:00Z`);
  const protocol = yield* Effect.fromResult(
    makeProtocol({ tokenizer, template, ...layout, now }),
  );
  return { tokenizer, protocol };
});

function parseJson(files: ModelFolder["tokenizerFiles"], name: keyof typeof files) {
  return Effect.try({
    try: (): unknown => JSON.parse(files[name]),
    catch: (error) => new BadInput({ message: `Cannot read ${name} as it must be JSON: ${error}` }),
  });
}

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
    searched: null,
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

/** How long a gold answer may be: the belief in a longer one takes hundreds of tokens. */
const GOLD_CAP = { maxWords: 30, maxCharacters: 300 };

const fileSplits = Effect.fnUntraced(function* (
  { config, purpose }: TaskOptions,
  path: string,
) {
  const { recipe } = config;
  const { questions: read, counts: { skipped } } = yield* readQuestions(path, GOLD_CAP);
  // Ids are unique within a kind, but random keys need ids that are unique in the file.
  const questions = read.map((question) => ({
    ...question,
    // A kind may hold a slash too: "a/b" with "c" is not "a" with "b/c".
    id: `${question.kind.replaceAll("%", "%25").replaceAll("/", "%2F")}/${question.id}`,
  }));
  const { search, counts } = yield* openSources(config);
  const limits = { limit: recipe.searchTopK, ...toolLimits(recipe) };
  const environment = Context.get(yield* Layer.build(layerSearch(search, limits)), Environment);
  const parts = purpose === "train"
    ? splitQuestions(questions, recipe)
    : { train: [], validation: [], test: questions };
  return {
    train: { questions: parts.train, environment },
    validation: { questions: parts.validation, environment },
    test: { questions: parts.test, environment },
    searched: counts,
    notes: skipped === 0 ? [] : [
      `Skipped ${skipped} questions whose gold answers all exceed ${GOLD_CAP.maxWords} words`,
    ],
  };
});

/** What answers the queries of questions of a file. */
const openSources = Effect.fnUntraced(function* (config: RunConfig) {
  const { recipe, corpus, search: named, journal, searchBudget } = config;
  if (named === null) {
    return { search: searchInMemory(yield* readCorpus(corpus!)), counts: null };
  }
  if (named === SEARCH_OFF) return { search: searchNothing, counts: null };
  const [, mode, file] = JOURNAL.exec(journal ?? "")!;
  // A replay needs neither the engine nor its key.
  const engine = mode === "replay"
    ? searchNothing
    : yield* openSearch(named, recipe.toolDeadlineSeconds);
  const search = searchBudget === null ? engine : withBudget(engine, searchBudget);
  if (journal === null) return { search, counts: null };
  // The expression allows modes only.
  return yield* openJournal(file!, (mode ?? "auto") as JournalMode, { name: named, search });
});

/** `[MODE:]FILE`. */
const JOURNAL = new RegExp(`^(?:(${JOURNAL_MODES.join("|")}):)?(.*)$`, "s");

/** Splits questions in an order that no seed changes. Test and validation come first, each at most a quarter of all. */
function splitQuestions(questions: ReadonlyArray<Question>, recipe: Recipe) {
  const order = createRandom(keyFromSeed(WORLD_SEED)).shuffle(questions);
  const quarter = Math.floor(order.length / 4);
  const testEnd = Math.min(recipe.testQuestions, quarter);
  const validationEnd = testEnd + Math.min(recipe.validationQuestions, quarter);
  return {
    test: order.slice(0, testEnd),
    validation: order.slice(testEnd, validationEnd),
    train: order.slice(validationEnd),
  };
}
