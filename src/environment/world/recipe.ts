import type { QuestionKind } from "../../domain/question.ts";
import { compactStyle } from "../../text/protocol_style.ts";
import type { NamedType } from "./names.ts";

/** Relative shares of the kinds of questions; 0 for a kind that is not asked. */
export type QuestionMix = Readonly<Record<QuestionKind, number>>;

/** What a world is used for; worlds of different uses share no facts. */
export type WorldUse = "pretrain" | "train" | "validation" | "test";

/** Chances of each bad habit in a spoiled demonstration. */
export interface Habits {
  /** After each search but the last: answer with the thing just found. */
  readonly stop: number;
  /** At each search: leave out the relation word. */
  readonly noquery: number;
  /** At the first search: ask for the last relation. */
  readonly wrong: number;
  /** Answer without searching, with a random name of the right kind. */
  readonly direct: number;
}

/** The constants of the embedded world, its questions, and its cold start. */
export const WORLD_RECIPE = {
  /** Things in a world of scale 1: 204 documents of about 8 tokens. */
  entities: { person: 30, city: 12, country: 6, company: 10, film: 14 } satisfies Record<
    NamedType,
    number
  >,
  /** Shares of the kinds among the questions that an agent is asked. */
  mix: { "1-hop": 3, "2-hop": 3, "3-hop": 3, choice: 1 } satisfies QuestionMix,
  /** Shares of the kinds among the questions of demonstrations. */
  demonstrationMix: { "1-hop": 3, "2-hop": 3, "3-hop": 3, choice: 2 } satisfies QuestionMix,
  search: { documentsPerQuery: 2, k1: 1.2, b: 0.75 },
  deadline: "10 seconds",
  concurrency: 4,
  vocabSize: 640,
  /** The whole system prompt: five tokens. */
  systemText: "Search, then answer.",
  /** The thought before an answer, which is also the thought of the belief probe. */
  finalThink: compactStyle.probeThink,
  /** A space before every name and every gold answer in a probe, since without it their tokens would differ. */
  namePrefix: compactStyle.answerLead,
  /** Demonstrations drawn from one world before the next is made. */
  demonstrationsPerWorld: 40,
  habits: { stop: 0.6, noquery: 0.3, wrong: 0.2, direct: 0.2 } satisfies Habits,
  /** Chance that the agent repeats a failed search correctly instead of giving up. */
  retry: 0.5,
  /** Names in a copy warm-up list. */
  copyList: { min: 4, max: 10 },
} as const;
