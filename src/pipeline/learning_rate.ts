import type { Recipe } from "../domain/recipe.ts";

/** What decides the learning rate of each step. */
export type LearningRates = Pick<
  Recipe,
  "lr" | "schedule" | "warmupSteps" | "minLrRatio" | "steps"
>;

/**
 * The learning rate of all updates of a step, counted from 1: with n = step - 1 steps done, W = warmupSteps,
 * r = minLrRatio and p = (n - W) / (steps - W), the share done of the steps after the warm-up,
 *
 *   n < W     lr (n + 1) / W
 *   constant  lr
 *   linear    lr (r + (1 - r) (1 - p))
 *   cosine    lr (r + (1 - r) (1 + cos(pi p)) / 2)
 *
 * After the warm-up the rates equal those of transformers and, with r, of verl, whose schedules also count steps. Their
 * first update has rate 0 and does nothing. Here the warm-up is one step ahead, and p is 1 only when all steps are
 * done, so that no update is wasted.
 */
export function learningRateAt(rates: LearningRates, step: number): number {
  const { lr, schedule, warmupSteps, minLrRatio, steps } = rates;
  const done = step - 1;
  if (done < warmupSteps) return lr * (step / warmupSteps);
  const share = Math.min(1, (done - warmupSteps) / Math.max(1, steps - warmupSteps));
  return lr * (minLrRatio + (1 - minLrRatio) * decayOf(schedule, share));
}

/** From 1 to 0 as `share` goes from 0 to 1, or 1 throughout. */
function decayOf(schedule: Recipe["schedule"], share: number): number {
  switch (schedule) {
    case "constant":
      return 1;
    case "linear":
      return 1 - share;
    case "cosine":
      return 0.5 * (1 + Math.cos(Math.PI * share));
    default:
      return schedule satisfies never;
  }
}
