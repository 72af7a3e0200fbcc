import type { EpisodeRecord } from "../domain/episode_record.ts";
import type { StepReport } from "../domain/report.ts";
import type { Preset } from "../igpo/preset.ts";

/** An evaluation of a run. */
export interface PageEvaluation {
  readonly step: number;
  readonly split: string;
  readonly f1: number;
  readonly em: number;
  readonly meanTurns: number;
  readonly invalidRate: number;
}

/** A run, or a file of scored traces, as the page gets it. */
export interface PageRun {
  readonly name: string;
  /** What it trained: runs of the same series differ in their seeds alone. */
  readonly series: string;
  readonly seed: number | null;
  /** Null for traces. */
  readonly preset: Preset | null;
  /** Steps that it shall have in all, null for traces. */
  readonly steps: number | null;
  /** Tokens that an episode may have: what some losses are divided by. */
  readonly contextTokens: number;
  /** The numbers of each finished step; those of older runs may lack some. */
  readonly metrics: ReadonlyArray<Partial<StepReport> & { readonly step: number }>;
  readonly evaluations: ReadonlyArray<PageEvaluation>;
  /** Steps whose episodes can be shown, and the bytes of their files. */
  readonly kept: ReadonlyArray<{ readonly step: number; readonly bytes: number }>;
  /** What could not be read, in one sentence each. */
  readonly notes: ReadonlyArray<string>;
}

/** All that the page shows, but for the episodes. */
export interface PageData {
  readonly runs: ReadonlyArray<PageRun>;
  /** The presets that advantages can be computed under. */
  readonly presets: ReadonlyArray<Preset>;
  /** Whether the page follows runs that are under way. */
  readonly isLive: boolean;
}

/** An episode without its text. */
export type PageEpisode = Omit<EpisodeRecord, "transcript">;

/** The episodes of a step. Their texts, two thirds of all bytes, come apart, once the numbers are drawn. */
export interface PageStep {
  readonly records: ReadonlyArray<PageEpisode>;
  /** What could not be read, in one sentence each. */
  readonly notes: ReadonlyArray<string>;
}

/** The transcript of each episode of a step as JSON, read when it is opened; null where it was not kept. */
export type PageTexts = ReadonlyArray<string | null>;

/** Id of the element that holds a page's own data, as inert JSON. */
export const DATA_ID = "igpo-data";

/** Id of the element that holds the episodes of a step, and name of the file that does. */
export function stepId(run: number, step: number): string {
  return `igpo-step-${run}-${step}`;
}

/** Id of the element that holds the texts of a step, and name of the file that does. */
export function textsId(run: number, step: number): string {
  return `igpo-texts-${run}-${step}`;
}
