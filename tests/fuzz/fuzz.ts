import { deepStrictEqual } from "node:assert/strict";
import { Cause, Effect, Exit, Result } from "effect";
import { BadInput } from "../../src/domain/errors.ts";
import { WorkerStopped } from "../../src/files/bounded_worker.ts";
import { inFolder } from "../support/tiny_run.ts";
import { mutated, randomOf } from "./mutate.ts";
import { type Read, type Reader, READERS } from "./readers.ts";

/** Milliseconds that reading may take; a busy machine gets three tries. */
const MOST_MILLIS = 2000;
const TRIES = 3;
const MOST_CHARACTERS = 1000;

/** Words of the engine or of a library, which no user could act on. A template writes a message as [object Map] itself. */
const FOREIGN =
  /\b(?:[A-Z]\w*Error|DataView|Maximum call stack|undefined|is not a function|Cannot read propert|Symbol\(|Schema|SchemaIssue|effect\/)|\[object (?!Map\])|\n|\bat file:/;

/** Whether a worker was stopped at its bounds, which are its own time. */
function isStopped(exit: Exit.Exit<unknown, unknown>): boolean {
  return Exit.isFailure(exit) && Cause.squash(exit.cause) instanceof WorkerStopped;
}

/** What is wrong with the outcome of a reading, or null. */
function complaint(exit: Exit.Exit<unknown, unknown>): string | null {
  if (Exit.isSuccess(exit)) return null;
  const found = Cause.findError(exit.cause);
  if (Result.isFailure(found)) return `it broke: ${Cause.pretty(exit.cause)}`;
  const error = found.success;
  if (!(error instanceof BadInput)) return `it failed with ${error}`;
  const { message } = error;
  if (!message.startsWith("Cannot ")) return `no sentence: ${message}`;
  if (message.length > MOST_CHARACTERS) return `${message.length} characters: ${message}`;
  const foreign = FOREIGN.exec(message);
  return foreign === null ? null : `foreign words "${foreign[0]}": ${message}`;
}

/** How a reading went: what is wrong with it, or null, and whether its thread was stopped at a bound. */
interface Judgement {
  readonly wrong: string | null;
  readonly isStopped: boolean;
}

/** Reads bytes. */
const judge = Effect.fnUntraced(
  function* (read: Read, bytes: Uint8Array, { folder, file }: { folder: string; file: string }) {
    const found = (wrong: string | null): Judgement => ({ wrong, isStopped: false });
    const path = `${folder}/${file}`;
    yield* Effect.promise(() => Deno.writeFile(path, bytes));
    let millis = Infinity;
    for (let tries = 0; tries < TRIES && millis > MOST_MILLIS; tries++) {
      const started = performance.now();
      const exit = yield* Effect.exit(Effect.suspend(() => read({ bytes, path, folder })));
      if (isStopped(exit)) return { wrong: null, isStopped: true };
      millis = performance.now() - started;
      const wrong = complaint(exit);
      if (wrong !== null) return found(wrong);
    }
    return found(millis > MOST_MILLIS ? `it took ${Math.round(millis)} ms` : null);
  },
);

/** A mutation that a reader did not take as it should. */
interface Find {
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly wrong: string;
}

/** How many mutations are read, and what they may take. */
export interface FuzzOptions {
  readonly runs: number;
  /** Number of the first mutation. */
  readonly from: number;
  /** Bytes by which the process may grow. */
  readonly mostBytes: number;
  /** Folder for what is found. */
  readonly keep?: string | undefined;
  /** Told of each reader how it went. */
  readonly print?: (line: string) => void;
}

/** Gives a reader mutations of its seeds. */
function fuzz(
  reader: Reader,
  { runs, from, mostBytes, print }: FuzzOptions,
): Promise<ReadonlyArray<Find>> {
  return inFolder((folder) =>
    Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      const read = yield* reader.open;
      const finds: Array<Find> = [];
      const { file, name, seeds, isJson } = reader;
      let before = Deno.memoryUsage().rss;
      let [last, most, stopped] = [before, 0, 0];
      const started = performance.now();
      for (let number = from; number < from + runs; number++) {
        const random = randomOf(name, number);
        const bytes = mutated(random.pick(seeds), random, isJson);
        const { wrong, isStopped } = yield* judge(read, bytes, { folder, file });
        const now = Deno.memoryUsage().rss;
        const grown = now - before;
        most = Math.max(most, grown);
        if (wrong !== null) finds.push({ number, bytes, wrong });
        if (grown > mostBytes) {
          finds.push({ number, bytes, wrong: `the process grew by ${grown} bytes` });
          return finds;
        }
        // Deno does not give back the memory of a thread that is ended at work: it is not the reader's.
        if (isStopped) [before, stopped] = [before + Math.max(0, now - last), stopped + 1];
        last = now;
      }
      const seconds = Math.round((performance.now() - started) / 1000);
      const grew = `the process grew by at most ${Math.round(most / 2 ** 20)} MiB`;
      const ended = stopped === 0 ? "" : `, ${stopped} ended at a bound`;
      print?.(`${name}: ${runs} mutations, ${finds.length} finds${ended}, ${grew}, ${seconds} s\n`);
      return finds;
    })))
  );
}

/** Declares a test for each reader. */
export function declareFuzz(options: FuzzOptions): void {
  const { runs, keep } = options;
  for (const reader of READERS) {
    Deno.test(`${reader.name}: ${runs} mutations are read, or refused in a sentence`, async () => {
      const finds = await fuzz(reader, options);
      for (const { number, bytes } of keep === undefined ? [] : finds.slice(0, 20)) {
        await Deno.writeFile(`${keep}/${reader.name}.${number}.bin`, bytes);
      }
      const told = finds.slice(0, 5).map(({ number, wrong }) => `${number}: ${wrong}`);
      deepStrictEqual(told, [], `${finds.length} of ${runs} mutations`);
    });
  }
}

/** What is wrong with how a reader takes given bytes, or null. */
export function judgeOnce(reader: Reader, bytes: Uint8Array): Promise<string | null> {
  return inFolder((folder) =>
    Effect.runPromise(Effect.scoped(Effect.flatMap(
      reader.open,
      (read) => judge(read, bytes, { folder, file: reader.file }),
    ))).then(({ wrong }) => wrong)
  );
}

/** Whether a reader reads what it is given. */
export function isRead(reader: Reader, bytes: Uint8Array): Promise<boolean> {
  return inFolder((folder) =>
    Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      const read = yield* reader.open;
      const path = `${folder}/${reader.file}`;
      yield* Effect.promise(() => Deno.writeFile(path, bytes));
      return Exit.isSuccess(yield* Effect.exit(read({ bytes, path, folder })));
    })))
  );
}
