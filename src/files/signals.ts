import { Context, Effect } from "effect";

/**
 * Lets signals such as Ctrl-C interrupt the program from here on, so that it saves and cleans up. Until then a signal
 * ends the process at once, also while it computes: what is only read need not be saved. It does nothing unless the
 * command line replaces it.
 */
export const CatchSignals: Context.Reference<Effect.Effect<void>> = Context.Reference<
  Effect.Effect<void>
>("igpo/files/CatchSignals", { defaultValue: () => Effect.void });

/** Runs {@link CatchSignals}. */
export const catchSignals: Effect.Effect<void> = Effect.flatten(CatchSignals);
