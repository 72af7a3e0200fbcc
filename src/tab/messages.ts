/** What a page and the agent in its worker say to each other. */
import type { Device } from "../domain/flags.ts";
import type { StepReport } from "../domain/report.ts";

/** What an agent is opened with. */
export interface OpenOptions {
  readonly kind: "open";
  /** Name of the preset that it is trained by. */
  readonly preset: string;
  readonly seed: number;
  readonly device: Device;
  /** Whether a saved training is forgotten. */
  readonly isFresh: boolean;
}

/** What the page asks of an agent. A question or an edit waits for the end of the step that is under way. */
export type Ask =
  | { readonly kind: "train" }
  | { readonly kind: "pause" }
  /** Question number `question` of the list that `ready` gave. */
  | { readonly kind: "answer"; readonly question: number }
  /** Other results for a turn, counted from 0, of the last episode: the agent goes on from there. */
  | { readonly kind: "edit"; readonly turn: number; readonly results: ReadonlyArray<string> };

/** What an agent tells the page. */
export type Tell =
  | Ready
  | { readonly kind: "progress"; readonly words: string }
  /** A step is done and, if the browser keeps files for pages, saved. */
  | { readonly kind: "step"; readonly report: StepReport; readonly isSaved: boolean }
  /** Training has stopped, at its end or because the page asked for it. */
  | { readonly kind: "paused" }
  | { readonly kind: "episode"; readonly episode: LiveEpisode }
  /** The agent cannot do what was asked. */
  | { readonly kind: "refused"; readonly message: string }
  /** The agent is no more: its device was lost, or it could not be opened. */
  | { readonly kind: "failed"; readonly message: string };

/** An agent that is open. */
export interface Ready {
  readonly kind: "ready";
  /** Name of the WebGPU adapter; null for plain loops. */
  readonly adapter: string | null;
  /** Questions of a world that it is not trained on. */
  readonly questions: ReadonlyArray<AskedQuestion>;
  /** Steps of the training in all. */
  readonly steps: number;
  /** Steps that were done and saved before. */
  readonly reports: ReadonlyArray<StepReport>;
}

/** A question in words. */
export interface AskedQuestion {
  readonly text: string;
  readonly kind: string;
  readonly gold: string;
}

/** An episode under way or over, in words and numbers. */
export interface LiveEpisode {
  readonly question: AskedQuestion;
  /**
   * The probability of a token of the gold answer, as a geometric mean: before each turn, and where the episode is under
   * way after the last.
   */
  readonly beliefs: ReadonlyArray<number>;
  readonly turns: ReadonlyArray<LiveTurn>;
  /** F1 of the answer; null while the episode is under way. */
  readonly f1: number | null;
}

/** One turn of an episode in words. */
export interface LiveTurn {
  readonly thought: string;
  /** Queries of a searching turn, or the answer. */
  readonly said: string;
  readonly isAnswer: boolean;
  /** As the agent reads them. */
  readonly results: ReadonlyArray<string>;
}
