import { Duration, Effect, Exit, Fiber, Option, Scope } from "effect";

/** How long code that was interrupted has for its finalizers before it is left to itself. */
const CLEAN_UP = Duration.seconds(2);

/**
 * Runs foreign code that cannot put off its own end. At the deadline, and when this effect is interrupted, it is
 * interrupted too; what then holds on, a finalizer or a part that allows no interruption, runs on unattended after
 * {@link CLEAN_UP}. Code that never yields to others keeps them all waiting: that no deadline can end.
 */
export function endWithin<A, E, R, A2, E2>(
  effect: Effect.Effect<A, E, R>,
  deadline: Duration.Duration,
  late: () => Effect.Effect<A2, E2>,
): Effect.Effect<A | A2, E | E2, R> {
  // From the fork on, an interruption reaches the fiber.
  return Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkDetach(effect, { startImmediately: true });
      const found = yield* restore(Effect.timeoutOption(Fiber.await(fiber), deadline)).pipe(
        Effect.onInterrupt(() => abandon(fiber)),
      );
      if (Option.isSome(found)) return yield* own(found.value);
      yield* abandon(fiber);
      return yield* restore(late());
    })
  );
}

/** A scope of its own for foreign code, which the surrounding scope closes but does not wait for without end. */
export const looseScope: Effect.Effect<Scope.Closeable, never, Scope.Scope> = Effect.acquireRelease(
  Scope.make(),
  (scope, exit) =>
    Effect.flatMap(
      Effect.forkDetach(Scope.close(scope, exit), { startImmediately: true }),
      waitAWhile,
    ),
);

/** Foreign code that interrupts itself broke; it does not interrupt who called it. */
function own<A, E>(exit: Exit.Exit<A, E>): Effect.Effect<A, E> {
  return Exit.hasInterrupts(exit) ? Effect.die(new Error("It interrupted itself")) : exit;
}

function abandon(fiber: Fiber.Fiber<unknown, unknown>): Effect.Effect<void> {
  return Effect.andThen(Effect.sync(() => fiber.interruptUnsafe()), waitAWhile(fiber));
}

function waitAWhile(fiber: Fiber.Fiber<unknown, unknown>): Effect.Effect<void> {
  return Effect.asVoid(Effect.timeoutOption(Fiber.await(fiber), CLEAN_UP));
}
