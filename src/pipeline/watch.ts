import { Context, Effect } from "effect";

/** How far a stage of a step has come. */
export interface StageProgress {
  readonly step: number;
  readonly phase: "rollout" | "score" | "update" | "evaluate";
  readonly done: number;
  readonly total: number;
  readonly unit: string;
}

/** Who is told how far stages have come; nobody unless a program says so. */
export const Watch: Context.Reference<(progress: StageProgress) => Effect.Effect<void>> = Context
  .Reference<(progress: StageProgress) => Effect.Effect<void>>("igpo/pipeline/Watch", {
    defaultValue: () => () => Effect.void,
  });

/** Tells the watcher. */
export const tellProgress: (progress: StageProgress) => Effect.Effect<void> = Effect.fnUntraced(
  function* (progress) {
    const tell = yield* Watch;
    yield* tell(progress);
  },
);
