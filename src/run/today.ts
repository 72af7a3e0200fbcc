import { Clock, Effect } from "effect";

/** The date, as `2026-11-23`. */
export const today: Effect.Effect<string> = Effect.map(
  Clock.currentTimeMillis,
  (millis) => new Date(millis).toISOString().slice(0, 10),
);
