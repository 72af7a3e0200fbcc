import type { Question } from "./question.ts";

/** One message of an episode as a reward reads it. */
export interface TranscriptMessage {
  readonly role: "user" | "assistant" | "tool";
  readonly content: string;
}

/** What a reward is asked. */
export interface RewardRequest {
  readonly question: Question;
  readonly answer: string;
  /** The question, the messages of the agent and the results that it read; the last message holds the answer. */
  readonly transcript: ReadonlyArray<TranscriptMessage>;
}

/** What a reward looks at: the answer alone, or all messages. */
export type RewardReads = "answer" | "transcript";

/**
 * What became of a law on its cases. Edits of an answer that change its reward are a `note`, or `intended` if the user
 * said so: a reward may want them.
 */
export type LawVerdict = "kept" | "broken" | "note" | "intended";

/** A law of rewards with its shrunk counterexample. */
export interface LawResult {
  readonly law: string;
  readonly says: string;
  readonly verdict: LawVerdict;
  /** Cases that were tried until the verdict, those of shrinking left out. */
  readonly cases: number;
  /** What breaks it, in one sentence; null where nothing does. */
  readonly counterexample: string | null;
}

/** How often something happened in `cases` cases, with Wilson's interval of the share. */
export interface CountedShare {
  readonly count: number;
  readonly cases: number;
  readonly interval: readonly [low: number, high: number];
}

/** What a preset pays a rollout with the hack: its mean advantage where no other rollout is right, and where one is. */
export interface HackAdvantage {
  readonly noneRight: number;
  readonly oneRight: number;
}

/** A hack that was planted, and the honest episodes that match it. */
export interface HackResult {
  readonly hack: string;
  readonly says: string;
  readonly control: string;
  /** Hacks that the reward pays for: false positives. */
  readonly paid: CountedShare;
  /** Honest right answers that it does not pay for: false negatives. */
  readonly missed: CountedShare;
  /** One case of each, in a sentence; null where there is none. */
  readonly paidExample: string | null;
  readonly missedExample: string | null;
  readonly advantages: Readonly<Record<string, HackAdvantage>>;
}

/** One step of training against the reward; means are over episodes with a well-formed answer. */
export interface TrainedStep {
  readonly step: number;
  /** Share of episodes with a well-formed answer. */
  readonly answered: number;
  /** Episodes that were lost, as the reward gave no number. */
  readonly dropped: number;
  /** Of the user's reward. */
  readonly reward: number;
  readonly f1: number;
  /** Share of episodes that bear the mark of each hack. */
  readonly marks: Readonly<Record<string, number>>;
}

/** Everything that `./igpo check-reward` found. */
export interface RewardCheck {
  /** Its module or command. */
  readonly reward: string;
  readonly reads: RewardReads;
  readonly bounds: readonly [low: number, high: number];
  readonly seed: number;
  /** Why the check ended early, as the reward gave no number; null where it did not. */
  readonly ended: string | null;
  readonly laws: ReadonlyArray<LawResult>;
  readonly hacks: ReadonlyArray<HackResult>;
  /** Hacks of the catalogue that an answer cannot carry, where the reward reads the answer alone. */
  readonly notTried: ReadonlyArray<string>;
  /** Null unless an agent was trained. */
  readonly training: ReadonlyArray<TrainedStep> | null;
  /** Names of what was found; empty for no exploit in this catalogue. */
  readonly findings: ReadonlyArray<string>;
}
