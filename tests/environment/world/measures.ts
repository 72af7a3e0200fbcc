import { guessesOf } from "../../../src/environment/world/guesses.ts";
import type { WorldQuestion, WorldTask } from "../../../src/environment/world/questions.ts";
import type { Fact } from "../../../src/environment/world/world.ts";
import type { WebSearchOptions } from "../../../src/environment/web_search.ts";

/** What a query for a fact of a question is made of. */
export type QueryStyle = "name and relation" | "name" | "question";

export function queryFor(style: QueryStyle, question: WorldQuestion, fact: Fact): string {
  switch (style) {
    case "name and relation":
      return `${fact.subject} ${fact.relation.word}`;
    case "name":
      return fact.subject;
    case "question":
      return question.text;
  }
}

/**
 * The share of questions for which one query for each fact finds every fact. With "name and relation" this is the best
 * F1 that a perfect agent can reach; with "question" it is the F1 of an agent that searches for the question itself.
 */
export function retrievalRate(
  task: WorldTask,
  search: WebSearchOptions,
  style: QueryStyle,
): number {
  const place = new Map(task.world.facts.map((fact, index) => [fact, index]));
  const finds = (question: WorldQuestion, fact: Fact): boolean =>
    search.retrieve(queryFor(style, question, fact), search.limit).includes(place.get(fact)!);
  const answered = task.questions.filter((question) =>
    question.facts.every((fact) => finds(question, fact))
  );
  return answered.length / task.questions.length;
}

/**
 * Expected F1 of an agent that names a random thing of the right kind, or one of the two sides of a choice. No two
 * names share a word, so F1 is 1 for the right name and 0 for any other.
 */
export function guessBaseline({ world, questions }: WorldTask): number {
  const chances = questions.map((question) => 1 / guessesOf(question, world).length);
  return chances.reduce((sum, chance) => sum + chance, 0) / chances.length;
}
