/** How a command line becomes a program: services, exit codes, signals. */
import {
  Cause,
  Console,
  Effect,
  Exit,
  type Fiber,
  FileSystem,
  Layer,
  Path,
  Runtime,
  Stdio,
  Terminal,
} from "effect";
import { CliConfig, CliError, CliOutput, Command, GlobalFlag } from "effect/cli";
import { ChildProcessSpawner } from "effect/process";
import project from "../../deno.json" with { type: "json" };
import {
  BadInput,
  BadReward,
  BadRows,
  JobFailed,
  KernelFailed,
  NoAdapter,
  ServerFailed,
  TrainingDiverged,
} from "../domain/errors.ts";
import { inert } from "../files/screen.ts";
import { CatchSignals } from "../files/signals.ts";
import { presenter } from "./presenter.ts";

const unused = Effect.die("not a part of this program");

/** The services that effect/cli needs; only flags and help are used. */
const cliPlatform = Layer.mergeAll(
  FileSystem.layerNoop({}),
  Path.layer,
  Stdio.layerTest({ args: Effect.sync(() => Deno.args) }),
  Layer.succeed(
    Terminal.Terminal,
    Terminal.make({
      columns: Effect.succeed(80),
      rows: Effect.succeed(24),
      size: unused,
      readInput: unused,
      readLine: unused,
      display: () => Effect.void,
    }),
  ),
  Layer.succeed(
    ChildProcessSpawner.ChildProcessSpawner,
    ChildProcessSpawner.make(() => unused),
  ),
  CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version] }),
  CliOutput.layerPresenter(presenter),
);

/** Characters of a sentence that quotes what the user gave, which may be a whole file. */
const LONGEST_SENTENCE = 1000;

/** The sentence for stderr when the user did something wrong, or null for any other cause. */
function badInputOf(cause: Cause.Cause<unknown>): string | null {
  const error = Cause.squash(cause);
  const isBadInput = error instanceof BadInput || error instanceof NoAdapter;
  if (!isBadInput) return null;
  const sentence = error.message.replaceAll(/\s*\n\s*/g, " ");
  return sentence.length <= LONGEST_SENTENCE ? sentence : `${sentence.slice(0, LONGEST_SENTENCE)}…`;
}

const reportFailure = (cause: Cause.Cause<unknown>) => {
  const error = Cause.squash(cause);
  if (CliError.isCliError(error) || Cause.hasInterruptsOnly(cause)) return Effect.void;
  const isExpected = error instanceof KernelFailed || error instanceof TrainingDiverged ||
    error instanceof BadRows || error instanceof BadReward || error instanceof JobFailed ||
    error instanceof ServerFailed;
  return Console.error(
    inert(isExpected ? error.message : badInputOf(cause) ?? Cause.pretty(cause)),
  );
};

/** 0 done, 1 failed, 2 bad input, 130 stopped by a signal. */
function exitCodeOf(exit: Exit.Exit<unknown, unknown>): number {
  if (Exit.isSuccess(exit)) return 0;
  if (Cause.hasInterruptsOnly(exit.cause)) return 130;
  const isBadInput = badInputOf(exit.cause) !== null ||
    CliError.isCliError(Cause.squash(exit.cause));
  return isBadInput ? 2 : 1;
}

const encoder = new TextEncoder();

const SIGNALS: ReadonlyArray<Deno.Signal> = Deno.build.os === "windows"
  ? ["SIGINT"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];

/** One Ctrl-C reaches this program several times: from the terminal, and from each `deno task` that it runs under. */
const ONE_PRESS_MILLIS = 300;

/** From when it runs on, a first signal interrupts the fiber and lets it save, and a second one exits at once. */
function catchSignalsOf(fiber: Fiber.Fiber<unknown, unknown>): Effect.Effect<void> {
  let isCatching = false;
  let stoppedAt: number | null = null;
  const stop = () => {
    const now = performance.now();
    if (stoppedAt !== null) {
      if (now - stoppedAt > ONE_PRESS_MILLIS) Deno.exit(130);
      return;
    }
    stoppedAt = now;
    try {
      Deno.stderr.writeSync(encoder.encode("\nStopping; once more to exit at once\n"));
    } catch {
      // The terminal may be gone.
    }
    fiber.interruptUnsafe(fiber.id);
  };
  return Effect.sync(() => {
    if (isCatching) return;
    isCatching = true;
    for (const signal of SIGNALS) Deno.addSignalListener(signal, stop);
  });
}

const runMain = Runtime.makeRunMain(({ fiber, teardown }) => {
  fiber.addObserver((exit) => teardown(exit, (code) => Deno.exit(code)));
});

/** Runs a command with the words of this process, and exits. */
export function runCommand<Name extends string, Input, Context, E>(
  command: Command.Command<Name, Input, Context, E, never>,
): void {
  const program = Effect.withFiber((main) =>
    Command.runWith(command, { version: project.version })(Deno.args).pipe(
      Effect.tapCause(reportFailure),
      Effect.provide(cliPlatform),
      Effect.provideService(CatchSignals, catchSignalsOf(main)),
    )
  );
  runMain(program, {
    disableErrorReporting: true,
    teardown: (exit, onExit) => onExit(exitCodeOf(exit)),
  });
}
