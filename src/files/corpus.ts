import { Effect, Result, Schema, Stream } from "effect";
import { BadInput } from "../domain/errors.ts";
import { LIMITS } from "../domain/limits.ts";
import type { Passage } from "../domain/search.ts";
import { decodeRow } from "./jsonl.ts";
import { badRow, type Row } from "./lines.ts";
import { streamRows } from "./row_stream.ts";

const Id = Schema.NullOr(Schema.Union([Schema.String, Schema.Number, Schema.BigInt]));

const PassageRow = Schema.Struct({
  id: Schema.optional(Id),
  _id: Schema.optional(Id),
  title: Schema.optional(Schema.NullOr(Schema.String)),
  text: Schema.optional(Schema.NullOr(Schema.String)),
  contents: Schema.optional(Schema.NullOr(Schema.String)),
});

/** Reads a corpus, `.jsonl`, `.jsonl.gz` or `.parquet`, with rows `{id | _id, title?, text | contents}`. */
export const readCorpus = (path: string) => collectPassages(streamRows(path), path);

/**
 * The passages of all rows. Fails with `BadInput` on a row without id or text and on a repeated id, naming file and row,
 * on a corpus without rows, and on one that is too large to be searched in memory.
 */
export const collectPassages = Effect.fn("collectPassages")(function* (
  rows: Stream.Stream<Row, BadInput>,
  path: string,
) {
  const passages = new Map<string, Passage>();
  let characters = 0;
  yield* Stream.runForEach(
    rows,
    Effect.fnUntraced(function* (row) {
      const passage = yield* Effect.fromResult(parsePassage(row, path));
      if (passages.has(passage.id)) {
        return yield* badRow(path, row.row, "the id must be new", passage.id);
      }
      passages.set(passage.id, passage);
      characters += passage.title.length + passage.text.length;
      if (characters > LIMITS.corpusCharacters) return yield* tooLarge(path);
    }),
  );
  if (passages.size > 0) return [...passages.values()];
  return yield* new BadInput({
    message: `Cannot search "${path}" as a corpus must hold a passage: current value is 0`,
  });
});

const tooLarge = (path: string) =>
  new BadInput({
    message: `Cannot search "${path}" in memory as its passages must have at most ` +
      `${LIMITS.corpusCharacters} characters: they have more; ./igpo index makes an index on disk`,
  });

/** The passage of a row; Search-R1 writes the title into `contents`. */
export function parsePassage({ row, value }: Row, path: string): Result.Result<Passage, BadInput> {
  const decoded = decodeRow(PassageRow, { row, value }, path);
  if (Result.isFailure(decoded)) return Result.fail(decoded.failure);
  const { id, _id, title, text, contents } = decoded.success;
  const key = id ?? _id;
  const body = text ?? contents;
  if (key === undefined || key === null) {
    return Result.fail(badRow(path, row, "an id must stand", value));
  }
  if (body === undefined || body === null) {
    return Result.fail(badRow(path, row, "a text must stand", value));
  }
  const split = text === undefined || text === null
    ? splitContents(body)
    : { title: "", text: body };
  const passage = { id: String(key), title: title ?? split.title, text: split.text };
  const isBlank = passage.title.trim() === "" && passage.text.trim() === "";
  return isBlank
    ? Result.fail(badRow(path, row, "a text must stand", value))
    : Result.succeed(passage);
}

/** Search-R1's layout: the title in quotes on a line of its own, then the text. */
export function splitContents(contents: string): { title: string; text: string } {
  const match = /^"([^\n]*)"\r?\n/.exec(contents);
  if (match === null) return { title: "", text: contents };
  return { title: match[1]!, text: contents.slice(match[0].length) };
}

/** The same layout of a passage; a text that begins like a title gets an empty one. */
export function joinContents({ title, text }: Pick<Passage, "title" | "text">): string {
  const line = title.replaceAll(/[\r\n]+/g, " ");
  const isPlain = line === "" && splitContents(text).text === text;
  return isPlain ? text : `"${line}"\n${text}`;
}
