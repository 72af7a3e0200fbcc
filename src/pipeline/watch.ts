import { Context, Effect } from "effect";

/** The progress of a stage of a step. */
export interface StageProgress {
  readonly step: number;
  readonly phase: "rollout" | "score" | "update" | "evaluate";
  readonly done: number;
  readonly total: number;
  readonly unit: string;
}

/** The function that receives the progress of stages; it does nothing unless a program replaces it. */
export const Watch: Context.Reference<(progress: StageProgress) => Effect.Effect<void>> = Context
  .Reference<(progress: StageProgress) => Effect.Effect<void>>("igpo/pipeline/Watch", {
    defaultValue: () => () => Effect.void,
  });

/** Passes progress to {@link Watch}. */
export const tellProgress: (progress: StageProgress) => Effect.Effect<void> = Effect.fnUntraced(
  function* (progress) {
    const tell = yield* Watch;
    yield* tell(progress);
  },
);
