import type { RandomStream } from "../../math/random.ts";
import type { WebSearchOptions } from "../web_search.ts";
import {
  answerTurn,
  carelessTurn,
  type Demonstration,
  type DemonstrationTurn,
  searchesFor,
  type SearchPlan,
  searchTurn,
} from "./demonstrations.ts";
import { guessesOf } from "./guesses.ts";
import type { WorldQuestion } from "./questions.ts";
import { type Habits, WORLD_RECIPE } from "./recipe.ts";
import type { World } from "./world.ts";

/** What a spoiled demonstration is drawn from. */
export interface HabitContext {
  readonly world: World;
  readonly search: WebSearchOptions;
  readonly habits: Habits;
  readonly random: RandomStream;
}

/**
 * A conversation of an agent that reads and copies well but has bad habits, which training is to correct. An
 * answer without any search is a random name. This teaches that nothing is known before searching, so the
 * belief before the first turn is calibrated. Other wrong answers are names that were read, if there are any.
 */
export function spoiledDemonstration(
  question: WorldQuestion,
  context: HabitContext,
): Demonstration {
  const { habits, random, world } = context;
  if (random.next() < habits.direct) {
    return { question, turns: [answerTurn(random.pick(guessesOf(question, world)))] };
  }
  const plans = searchesFor(question);
  const turns: Array<DemonstrationTurn> = [];
  if (plans.length > 1 && random.next() < habits.wrong) {
    turns.push(jumpTurn(plans, context));
    if (random.next() >= WORLD_RECIPE.retry) return givenUp(question, turns, context);
  }
  for (const plan of plans) {
    const found = pursue(plan, turns, context);
    if (!found) return givenUp(question, turns, context);
    const last = plan === plans.at(-1);
    if (!last && random.next() < habits.stop) {
      return { question, turns: [...turns, answerTurn(plan.facts[0]!.object)] };
    }
  }
  return { question, turns: [...turns, answerTurn(question.golds[0]!)] };
}

/** A wrong first search: it asks for the last relation of the subject that the question starts with. */
function jumpTurn(
  plans: ReadonlyArray<SearchPlan>,
  { search }: HabitContext,
): DemonstrationTurn {
  return searchTurn({ ...plans[0]!, relation: plans.at(-1)!.relation }, search);
}

/** Adds the searches for one plan to `turns`; false if the agent gives up before it has found the facts. */
function pursue(
  plan: SearchPlan,
  turns: Array<DemonstrationTurn>,
  { habits, random, search, world }: HabitContext,
): boolean {
  if (random.next() < habits.noquery) {
    const careless = carelessTurn(plan, search);
    turns.push(careless);
    const lines = careless.observation!.split("\n");
    if (plan.facts.every((fact) => lines.includes(documentOf(world, fact)))) return true;
    if (random.next() >= WORLD_RECIPE.retry) return false;
  }
  turns.push(searchTurn(plan, search));
  return true;
}

function documentOf(world: World, fact: SearchPlan["facts"][number]): string {
  return world.documents[world.facts.indexOf(fact)]!;
}

/** Answers with a name that was read and is not in the question, of the right kind if possible; else with a guess. */
function givenUp(
  question: WorldQuestion,
  turns: ReadonlyArray<DemonstrationTurn>,
  { random, world }: HabitContext,
): Demonstration {
  const read = turns.map((turn) => turn.observation ?? "").join("\n");
  const seen = (names: ReadonlyArray<string>): ReadonlyArray<string> =>
    names.filter((name) => read.includes(` ${name}`) && !question.text.includes(` ${name}`));
  // The question names both sides of a choice, so an agent that gives up picks one of them.
  if (question.kind === "choice") {
    return { question, turns: [...turns, answerTurn(random.pick(guessesOf(question, world)))] };
  }
  const right = seen(world.names[question.answerType]);
  const any = right.length > 0 ? right : seen(Object.values(world.names).flat());
  const fallback = any.length > 0 ? any : world.names[question.answerType];
  return { question, turns: [...turns, answerTurn(random.pick(fallback))] };
}
