import { Effect } from "effect";

/** Bytes of memory that the machine has, or null where this program may not ask. */
export const systemMemory: Effect.Effect<number | null> = Effect.sync(() => {
  try {
    return Deno.systemMemoryInfo().total;
  } catch {
    return null;
  }
});
