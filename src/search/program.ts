/** A program that answers on stdout what it is asked on stdin, for Effect's modules. */
import { stripVTControlCharacters } from "node:util";
import { Effect, Fiber, type Scope, Sink, Stream } from "effect";
import { systemError } from "effect/PlatformError";
import {
  type ChildProcessHandle,
  ExitCode,
  makeHandle,
  ProcessId,
} from "effect/process/ChildProcessSpawner";
import { command } from "../../driver/command.ts";
import { catchSignals } from "../files/signals.ts";

/** A started program. */
export interface Program {
  /** What Effect's modules take. Its stderr is empty, since `stderrTail` reads it. */
  readonly handle: ChildProcessHandle;
  readonly isRunning: () => boolean;
  /** The last lines that it wrote to stderr, joined into one. */
  readonly stderrTail: Effect.Effect<string>;
}

/** Characters of stderr that are kept. */
const MOST_KEPT = 2000;

/**
 * Starts a program in the environment of this one. It ends with the scope, and what it started with it; the latter only
 * if this program may run any program, as Deno lets no other signal a group. Fails with what Deno throws.
 */
export const startProgram = Effect.fnUntraced(function* (
  program: string,
  args: ReadonlyArray<string>,
): Effect.fn.Return<Program, unknown, Scope.Scope> {
  // A signal must end the program, too.
  yield* catchSignals;
  const { child, isRunning, signal } = yield* Effect.acquireRelease(
    Effect.try({ try: () => spawn(program, args), catch: (error) => error }),
    ({ child, signal }) => Effect.andThen(signal("SIGKILL"), Effect.promise(() => child.status)),
  );
  let kept = "";
  const listener = yield* readable(child.stderr).pipe(
    Stream.decodeText(),
    Stream.runForEach((text) => Effect.sync(() => kept = (kept + text).slice(-MOST_KEPT))),
    Effect.ignore,
    Effect.forkScoped,
  );
  return {
    handle: handleOf({ child, isRunning, signal }),
    isRunning,
    // What a program writes at its end may still be on the opened.
    stderrTail: Fiber.await(listener).pipe(
      Effect.timeoutOption("500 millis"),
      Effect.map(() => lastLines(kept)),
    ),
  };
});

/** The last three lines. Indented ones are left out, since they say where it went wrong and not what. */
function lastLines(text: string): string {
  const lines = stripVTControlCharacters(text).split(/\r?\n/);
  return lines.filter((line) => /^\S/.test(line)).slice(-3).join("; ");
}

/** A process that heads a group of its own, since launchers such as npx do not pass all signals on to what they start. */
function spawn(program: string, args: ReadonlyArray<string>) {
  const child = command(program, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    detached: true,
  }).spawn();
  const reachesGroup = Deno.build.os !== "windows" &&
    Deno.permissions.querySync({ name: "run" }).state === "granted";
  const kill = (name: Deno.Signal) => {
    try {
      if (reachesGroup) Deno.kill(-child.pid, name);
      else child.kill(name);
    } catch {
      // Nothing of it is left.
    }
  };
  let hasEnded = false;
  child.status.then(() => {
    hasEnded = true;
    // Later, the group's number may be another's.
    kill("SIGKILL");
  });
  const isRunning = () => !hasEnded;
  const signal = (name: Deno.Signal) => Effect.sync(() => isRunning() && kill(name));
  return { child, isRunning, signal };
}

function handleOf(
  { child, isRunning, signal }: ReturnType<typeof spawn>,
): ChildProcessHandle {
  const exitCode = Effect.map(Effect.promise(() => child.status), ({ code }) => ExitCode(code));
  return makeHandle({
    pid: ProcessId(child.pid),
    exitCode,
    isRunning: Effect.sync(isRunning),
    kill: () => Effect.asVoid(signal("SIGKILL")),
    // A program that is asked nothing more has a second to end by itself.
    stdin: Sink.fromWritableStream({ evaluate: () => child.stdin, onError: brokenPipe }).pipe(
      Sink.mapEffect(() => Effect.timeoutOption(exitCode, "1 second")),
      Sink.mapEffect(() => Effect.asVoid(signal("SIGTERM"))),
    ),
    stdout: readable(child.stdout),
    stderr: Stream.empty,
    all: Stream.empty,
    getInputFd: () => Sink.drain,
    getOutputFd: () => Stream.empty,
    unref: Effect.succeed(Effect.void),
  });
}

function readable(stream: ReadableStream<Uint8Array>) {
  return Stream.fromReadableStream({ evaluate: () => stream, onError: brokenPipe });
}

function brokenPipe(cause: unknown) {
  return systemError({ _tag: "Unknown", module: "program", method: "pipe", cause });
}
