import { Schema } from "effect";

/** A date like 2026-11-30, as the system prompt says it. No other text of a run's folder comes into a prompt. */
export const DateText = Schema.String.check(
  Schema.isPattern(/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/, {
    expected: "a date like 2026-11-30",
  }),
);
