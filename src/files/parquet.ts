import { Effect, Result, Stream } from "effect";
import { BadInput } from "../domain/errors.ts";
import { LIMITS } from "../domain/limits.ts";
import { openWorker } from "./bounded_worker.ts";
import { onDisk } from "./disk.ts";
import type { RowResult } from "./lines.ts";

/** A file to be opened, or the number of a group of its rows. */
export type ParquetQuestion = number | { readonly path: string };

/** The number of groups, the rows of one and how many stand before them, or the rule that the file breaks; null where it is damaged. */
export type ParquetAnswer =
  | { readonly groups: number }
  | { readonly before: number; readonly rows: ReadonlyArray<Readonly<Record<string, unknown>>> }
  | { readonly refusal: string | null };

const WORKER = new URL("./parquet_worker.ts", import.meta.url);
const MIB = 1 << 20;

/**
 * Rows of a Parquet file, a group at a time. They are decoded in a worker of their own, since a damaged file can ask the
 * decoder for any time and memory.
 */
export function parquetRows(path: string): Stream.Stream<ReadonlyArray<RowResult>, BadInput> {
  return Stream.unwrap(Effect.gen(function* () {
    const { size } = yield* onDisk(`read "${path}"`, () => Deno.stat(path));
    const worker = yield* openWorker(WORKER, boundsOf(size)).pipe(
      Effect.catchTag("WorkerStopped", () => tooMuch(path)),
    );
    const ask = Effect.fnUntraced(function* (question: ParquetQuestion) {
      // The worker says nothing else.
      const answer = (yield* worker.ask(question)) as ParquetAnswer;
      return "refusal" in answer ? yield* refused(path, answer.refusal) : answer;
    }, Effect.catchTag("WorkerStopped", () => tooMuch(path)));
    const opened = yield* ask({ path });
    return Stream.range(0, "groups" in opened ? opened.groups - 1 : -1).pipe(
      Stream.mapEffect((group) => ask(group)),
      Stream.map((answer): ReadonlyArray<RowResult> =>
        "rows" in answer
          ? answer.rows.map((value, i) => Result.succeed({ row: answer.before + i + 1, value }))
          : []
      ),
    );
  }));
}

/** More for larger files: what is packed well takes some times its size. */
function boundsOf(size: number) {
  const megabytes = size / MIB;
  return {
    seconds: Math.min(LIMITS.parquetSeconds, 5 + megabytes),
    megabytes: Math.min(LIMITS.parquetMegabytes, Math.ceil(256 + 16 * megabytes)),
  };
}

function refused(path: string, rule: string | null): BadInput {
  const why = rule ?? "it must be a whole Parquet file: it is damaged or none";
  return new BadInput({ message: `Cannot read "${path}" as ${why}` });
}

const tooMuch = (path: string) =>
  new BadInput({
    message: `Cannot read "${path}" as its groups of rows must be decoded within their bounds of ` +
      `time and memory (docs/limits.md): one is damaged, or too large`,
  });
