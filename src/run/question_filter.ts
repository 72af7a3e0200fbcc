import type { Recipe } from "../domain/recipe.ts";
import type { QuestionRow } from "../files/question_rows.ts";
import type { Tokenizer } from "../text/tokenizer.ts";

/** Questions that were left out for one reason. */
export interface LeftOut {
  readonly reason: string;
  readonly count: number;
}

/** What filters depend on. */
export interface FilterOptions {
  readonly recipe: Pick<Recipe, "maxGoldTokens" | "keepKinds" | "keepHops">;
  readonly tokenizer: Pick<Tokenizer, "encodePlain">;
}

/** Keeps some gold answers of a question; the question is left out when none is kept. */
interface Filter {
  readonly keeps: (gold: string, question: QuestionRow) => boolean;
  /** Why a question is left out. */
  readonly reason: (question: QuestionRow) => string;
}

/** How long a gold answer may be: the belief in a longer one takes hundreds of tokens. */
const GOLD_CAP = { words: 30, characters: 300 };

const shortGolds: Filter = {
  keeps: (gold) => gold.length <= GOLD_CAP.characters && gold.split(/\s+/).length <= GOLD_CAP.words,
  reason: () =>
    `every gold answer exceeds ${GOLD_CAP.words} words or ${GOLD_CAP.characters} characters`,
};

function filtersOf({ recipe, tokenizer }: FilterOptions): ReadonlyArray<Filter> {
  const { maxGoldTokens, keepKinds, keepHops } = recipe;
  return [
    {
      keeps: (_, { kind }) => keepKinds === null || keepKinds.includes(kind),
      reason: ({ kind }) => `keepKinds has no "${kind}"`,
    },
    {
      keeps: (_, { hops }) => keepHops === null || hops === null || keepHops.includes(hops),
      reason: ({ hops }) => `keepHops has no ${hops}`,
    },
    shortGolds,
    {
      keeps: (gold) =>
        maxGoldTokens === null || tokenizer.encodePlain(gold).length <= maxGoldTokens,
      reason: () => `every gold answer exceeds ${maxGoldTokens} tokens`,
    },
  ];
}

/**
 * The questions with the gold answers that all filters keep, and how many were left out by the first filter that kept
 * none of their answers.
 */
export function filterQuestions(
  questions: ReadonlyArray<QuestionRow>,
  options: FilterOptions,
): { readonly kept: ReadonlyArray<QuestionRow>; readonly leftOut: ReadonlyArray<LeftOut> } {
  const counts = new Map<string, number>();
  let kept = questions;
  for (const { keeps, reason } of filtersOf(options)) {
    kept = kept.flatMap((question) => {
      const golds = question.golds.filter((gold) => keeps(gold, question));
      if (golds.length > 0) return [{ ...question, golds }];
      const why = reason(question);
      counts.set(why, (counts.get(why) ?? 0) + 1);
      return [];
    });
  }
  return { kept, leftOut: [...counts].map(([reason, count]) => ({ reason, count })) };
}
