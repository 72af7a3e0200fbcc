/** Lines of JSON, wherever their bytes come from. */
import { Effect, Result, Stream } from "effect";
import { BadInput } from "../domain/errors.ts";
import { parseJson } from "../domain/json.ts";
import { LIMITS } from "../domain/limits.ts";
import { quote, shorten } from "../domain/quote.ts";
import { reason } from "../domain/reason.ts";
import type { InputFile } from "./input_file.ts";

/** A value of a data file and the row it stands in, counted from 1. */
export interface Row {
  readonly row: number;
  readonly value: unknown;
}

/** A row, or what is wrong with it. */
export type RowResult = Result.Result<Row, BadInput>;

/** Every row of lines that follow `before` others. Empty lines are skipped; null is a line that is not UTF-8. */
export function parseLines(
  lines: ReadonlyArray<string | null>,
  path: string,
  before: number,
): ReadonlyArray<RowResult> {
  return lines.flatMap((line, i): ReadonlyArray<RowResult> => {
    const row = before + i + 1;
    if (line === null) {
      return [Result.fail(badRow(path, row, "it must be UTF-8 text", "other bytes"))];
    }
    return line.trim() === "" ? [] : [Result.try({
      try: () => ({ row, value: parseJson(line) }),
      catch: (error) =>
        new BadInput({
          message: `Cannot read "${path}" as in row ${row} it must be JSON: ` +
            shorten(reason(error)),
        }),
    })];
  });
}

/** The error for a row that breaks a rule; `value` is shown in part. */
export function badRow(path: string, row: number, rule: string, value: unknown): BadInput {
  return new BadInput({
    message: `Cannot read "${path}" as in row ${row} ${rule}: current value is ${quote(value)}`,
  });
}

/** Rows of a file of lines, some at a time; `end` ends the sentence on a file that cannot be read on. */
export function rowsOfLines(
  { path, chunks }: Pick<InputFile, "path" | "chunks">,
  end: (error: unknown) => string = (error) => `: ${reason(error)}`,
): Stream.Stream<ReadonlyArray<RowResult>, BadInput> {
  const failed = (error: unknown) =>
    new BadInput({ message: `Cannot read "${path}"${end(error)}` });
  return Stream.unwrap(
    Effect.map(chunks, (bytes) => Stream.fromAsyncIterable(batchesOf(bytes, path), failed)),
  );
}

const LINE_END = 0x0a;

/** Rows of the lines, as many at a time as a chunk of the file ends. */
async function* batchesOf(chunks: AsyncIterable<Uint8Array>, path: string) {
  let rest: Array<Uint8Array> = [];
  let row = 0;
  let isSkipping = false;
  for await (const chunk of chunks) {
    const start = isSkipping ? chunk.indexOf(LINE_END) + 1 : 0;
    if (isSkipping && start === 0) continue;
    const end = chunk.lastIndexOf(LINE_END) + 1;
    if (end > 0) {
      if (isSkipping) row++;
      isSkipping = false;
      const lines = linesOf(joined([...rest, chunk.subarray(start, end)])).slice(0, -1);
      yield parseLines(lines, path, row);
      row += lines.length;
      rest = [];
    }
    rest.push(chunk.subarray(end));
    if (rest.reduce((sum, { length }) => sum + length, 0) > LIMITS.lineBytes) {
      const begins = new TextDecoder().decode(joined(rest).subarray(0, 80));
      const rule = `a line must have at most ${LIMITS.lineBytes} bytes`;
      yield [Result.fail(badRow(path, row + 1, rule, begins))];
      rest = [];
      isSkipping = true;
    }
  }
  yield parseLines(linesOf(joined(rest)), path, row);
}

function joined(parts: ReadonlyArray<Uint8Array>): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The text between line ends; null for a line that is not UTF-8. A byte order mark is dropped. */
function linesOf(bytes: Uint8Array): ReadonlyArray<string | null> {
  const whole = decoded(bytes);
  if (whole !== null) return whole.split("\n");
  const lines: Array<string | null> = [];
  for (let start = 0; start <= bytes.length;) {
    const found = bytes.indexOf(LINE_END, start);
    const end = found < 0 ? bytes.length : found;
    lines.push(decoded(bytes.subarray(start, end)));
    start = end + 1;
  }
  return lines;
}

function decoded(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
