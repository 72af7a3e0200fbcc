import type {
  EpisodeView,
  EvaluationReport,
  StepReport,
  Summary,
} from "../../src/domain/report.ts";
import { STEP_METRICS } from "../../src/domain/report.ts";

/** An evaluation with the same F1 for both of its kinds. */
export function evaluation(f1: number): EvaluationReport {
  const kind = { count: 50, f1, em: f1 - 0.05 };
  return {
    ...kind,
    count: 100,
    byKind: { "1-hop": kind, "2-hop": kind },
    meanTurns: 2.5,
    invalidRate: 0.01,
  };
}

/** A run that went from F1 0.2 to 0.66. */
export const summary: Summary = {
  adapter: "llvmpipe (LLVM 15.0.6, 256 bits)",
  preset: "paper-v2",
  recipe: "embedded",
  seed: 0,
  steps: 60,
  firstStepSeconds: 5.31,
  wallSeconds: 271,
  before: evaluation(0.2),
  after: evaluation(0.66),
};

/** Step 12, all of whose metrics are 1. */
export const step: StepReport = {
  // Every name of the table gets a number, as the type requires.
  ...(Object.fromEntries(
    Object.keys(STEP_METRICS).map((name) => [name, 1]),
  ) as unknown as StepReport),
  step: 12,
};

/** An episode of two turns with words that markup must escape. */
export const episode: EpisodeView = {
  question: "Who directed <Halvik & Tamsel>, and in which of the many cities of the north was it?",
  kind: "1-hop",
  gold: "Kelwick",
  firstBelief: -4.2,
  f1: 1,
  outcome: 1,
  turns: [
    {
      thought: "director",
      said: "Halvik directed",
      isAnswer: false,
      found: ["Kelwick directed Halvik."],
      belief: -0.5,
      gain: 3.7,
      advantage: 1.2,
    },
    {
      thought: "now I can answer",
      said: "Kelwick",
      isAnswer: true,
      found: [],
      belief: null,
      gain: null,
      advantage: -0.3,
    },
  ],
};
