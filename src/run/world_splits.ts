import { Duration, Effect } from "effect";
import { BadInput } from "../domain/errors.ts";
import type { Question, QuestionKind, SplitName } from "../domain/question.ts";
import type { Recipe } from "../domain/recipe.ts";
import { type Environment, makeToolEnvironment } from "../environment/environment.ts";
import { makeDocumentSearch, retrieveNothing } from "../environment/web_search.ts";
import { withWrongGolds } from "../environment/world/guesses.ts";
import { makeWorldTask } from "../environment/world/questions.ts";
import { type QuestionMix, WORLD_RECIPE, type WorldUse } from "../environment/world/recipe.ts";
import { worldRandom } from "../environment/world/world.ts";
import { worldSearch } from "../environment/world/world_environment.ts";
import type { Purpose } from "./file_questions.ts";

/** Questions and the environment that they are answered in. */
export interface Split {
  readonly questions: ReadonlyArray<Question>;
  readonly environment: Environment["Service"];
}

/** Worlds are data: they do not depend on a run's seed, so that runs can be compared. */
const WORLD_SEED = 0;
const LARGEST_WORLD = 7;

/** What the embedded world is used for. */
export interface WorldOptions {
  readonly purpose: Purpose;
  /** Whether every search finds nothing. */
  readonly searchOff: boolean;
}

/** Questions about the embedded world; each split has a world of its own. */
export const worldSplits = Effect.fnUntraced(function* (
  recipe: Recipe,
  { purpose, searchOff }: WorldOptions,
): Effect.fn.Return<Readonly<Record<SplitName, Split>>, BadInput> {
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

/** How many tools a recipe lets run at a time, and how long. */
export function toolLimits({ toolConcurrency, toolDeadlineSeconds }: Recipe) {
  return { concurrency: toolConcurrency, deadline: Duration.seconds(toolDeadlineSeconds) };
}
