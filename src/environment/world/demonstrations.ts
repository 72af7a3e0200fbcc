import type { Action } from "../../domain/episode.ts";
import { searchText, WEB_SEARCH, type WebSearchOptions } from "../web_search.ts";
import type { WorldQuestion } from "./questions.ts";
import { WORLD_RECIPE } from "./recipe.ts";
import type { Relation } from "./relations.ts";
import type { Fact } from "./world.ts";

/** What a demonstrated message does: one web_search call, or the answer. */
export type DemonstrationAction = Exclude<Action, { readonly _tag: "Malformed" }>;

/** One assistant message and its observation, every text exactly as it is tokenised (leading spaces included). */
export interface DemonstrationTurn {
  readonly think: string;
  readonly action: DemonstrationAction;
  /** What the search found, null after an answer. */
  readonly observation: string | null;
}

/** A question with a conversation about it; the last turn answers. */
export interface Demonstration {
  readonly question: WorldQuestion;
  readonly turns: ReadonlyArray<DemonstrationTurn>;
}

/** The conversation of a perfect agent: one search per fact (only one for a choice), then the answer. */
export function perfectDemonstration(
  question: WorldQuestion,
  search: WebSearchOptions,
): Demonstration {
  const turns = searchesFor(question).map((plan) => searchTurn(plan, search));
  return { question, turns: [...turns, answerTurn(question.golds[0]!)] };
}

/** A search that is meant to find `facts`. The agent's thought is the relation. */
export interface SearchPlan {
  readonly relation: Relation;
  readonly facts: ReadonlyArray<Fact>;
  /** The names that a good query holds. */
  readonly names: ReadonlyArray<string>;
}

/** The searches that answer a question, in order. A choice needs only the fact about its right side. */
export function searchesFor(question: WorldQuestion): ReadonlyArray<SearchPlan> {
  if (question.kind !== "choice") {
    return question.facts.map((fact) => ({
      relation: fact.relation,
      facts: [fact],
      names: [fact.subject],
    }));
  }
  const right = question.facts.find(({ subject }) => subject === question.golds[0])!;
  const names = [right.object, ...question.facts.map(({ subject }) => subject)];
  return [{ relation: right.relation, facts: [right], names }];
}

/** A search turn that asks for the names and the relation's word: ` Holzek born`. */
export function searchTurn(plan: SearchPlan, search: WebSearchOptions): DemonstrationTurn {
  return queryTurn(plan.relation, `${listed(plan.names)} ${plan.relation.word}`, search);
}

/** A search turn whose query leaves out the relation's word and, for a choice, the object: ` Holzek`. */
export function carelessTurn(plan: SearchPlan, search: WebSearchOptions): DemonstrationTurn {
  return queryTurn(plan.relation, listed(plan.names.slice(-2)), search);
}

function listed(names: ReadonlyArray<string>): string {
  return WORLD_RECIPE.namePrefix + names.join(" ");
}

function queryTurn(
  relation: Relation,
  query: string,
  search: WebSearchOptions,
): DemonstrationTurn {
  const call = { name: WEB_SEARCH.name, arguments: { query: [query] } };
  return {
    think: ` ${relation.noun}`,
    action: { _tag: "ToolCalls", calls: [call] },
    observation: searchText([query.trim()], search),
  };
}

/** The turn that ends a conversation; its thought is the one the belief probe uses. */
export function answerTurn(name: string): DemonstrationTurn {
  return {
    think: WORLD_RECIPE.finalThink,
    action: { _tag: "Answer", text: WORLD_RECIPE.namePrefix + name },
    observation: null,
  };
}
