import { Predicate, Result, Schema } from "effect";
import type { BadInput } from "../domain/errors.ts";
import { LIMITS } from "../domain/limits.ts";
import type { Question, SplitName } from "../domain/question.ts";
import { line } from "./fetch_error.ts";
import { decodeRow } from "./jsonl.ts";
import { badRow, type Row } from "./lines.ts";

/** Separates the accepted answers of a row in the official data. */
export const ANSWER_SPLIT = "<|answer_split|>";

/** A question with what its row tells besides. */
export interface QuestionRow extends Question {
  /** Searches that it takes; null where the row does not tell. */
  readonly hops: number | null;
  /** What it is for, by its row or by the name of its file; null where neither tells. */
  readonly split: SplitName | null;
}

const optional = <S extends Schema.Constraint>(schema: S) => Schema.optional(Schema.NullOr(schema));

const Text = Schema.String.check(Schema.isMaxLength(LIMITS.questionCharacters));
const Golds = Schema.Union([Text, Schema.Array(Text)]);
// Larger numbers of JSON are not those that the file holds.
const Id = Schema.Union([
  Schema.String,
  Schema.Finite.check(
    Schema.isBetween({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }),
  ),
  Schema.BigInt,
]);
const Hops = Schema.Union([Schema.Int, Schema.BigInt]).check(
  Schema.makeFilter((hops) => hops >= 1 || "must be a number of searches, 1 or more"),
);

/** What trainers write beside a question. */
const ExtraInfo = Schema.Struct({
  index: optional(Id),
  question: optional(Text),
  hops: optional(Hops),
  split: optional(Schema.String),
});

const PlainRow = Schema.Struct({
  id: optional(Id),
  _id: optional(Id),
  question: Text,
  answers: optional(Golds),
  answer: optional(Golds),
  golden_answers: optional(Golds),
  answer_aliases: optional(Golds),
  source: optional(Schema.String),
  kind: optional(Schema.String),
  data_source: optional(Schema.String),
  hops: optional(Hops),
  split: optional(Schema.String),
  extra_info: optional(ExtraInfo),
});

const OfficialRow = Schema.Struct({
  data_source: Schema.String,
  prompt: Schema.Array(Schema.Struct({ role: Schema.String, content: Text })),
  reward_model: Schema.Struct({
    // Search-R1 wraps the list in an object.
    ground_truth: Schema.Union([Golds, Schema.Struct({ target: Golds })]),
  }),
  extra_info: optional(ExtraInfo),
});

/** The kind of a question whose row names none. */
export const UNNAMED_KIND = "unnamed";

/**
 * One row as a question. Gold answers are split at `<|answer_split|>` and trimmed. A row without an id gets its number
 * as id. Fails with `BadInput` naming file and row when text or gold answers are missing.
 */
export function parseQuestion(
  { row, value }: Row,
  path: string,
): Result.Result<QuestionRow, BadInput> {
  return Result.gen(function* () {
    const isPlain = Predicate.isObject(value) && "question" in value;
    if (Predicate.isObject(value) && !isPlain && !("prompt" in value)) {
      return yield* fail(path, row, "a question or a prompt must stand", value);
    }
    const { id, text, golds, kind, hops, split: told } = isPlain
      ? yield* decodePlain(value, row, path)
      : yield* decodeOfficial(value, row, path);
    if (text.trim() === "") return yield* fail(path, row, "the question must have text", value);
    const split = golds.flatMap((gold) => gold.split(ANSWER_SPLIT)).map((gold) => gold.trim());
    const accepted = split.filter((gold) => gold !== "");
    if (accepted.length > LIMITS.golds) {
      return yield* fail(
        path,
        row,
        `there must be at most ${LIMITS.golds} gold answers`,
        accepted.length,
      );
    }
    if (told !== null && told !== "" && !SPLIT_NAMES.has(told.toLowerCase())) {
      const known = [...SPLIT_NAMES.keys()].join(", ");
      return yield* Result.fail(badRow(path, row, `the split must be one of ${known}`, told));
    }
    if (accepted.length === 0) return yield* fail(path, row, "a gold answer must stand", value);
    return {
      id: id ?? `row-${row}`,
      text,
      golds: accepted,
      // Tables print it.
      kind: line(kind) || UNNAMED_KIND,
      hops,
      split: SPLIT_NAMES.get(told?.toLowerCase() ?? "") ?? splitOfFile(path),
    };
  });
}

/** A row before its gold answers are split. */
interface Fields {
  readonly id: string | null;
  readonly text: string;
  readonly golds: ReadonlyArray<string>;
  readonly kind: string;
  readonly hops: number | null;
  readonly split: string | null;
}

function decodePlain(value: unknown, row: number, path: string): Result.Result<Fields, BadInput> {
  return Result.map(decodeRow(PlainRow, { row, value }, path), (plain) => {
    const { extra_info: extra, answer_aliases: aliases } = plain;
    const id = plain.id ?? plain._id;
    const golds = plain.answers ?? plain.answer ?? plain.golden_answers ?? [];
    return {
      id: idText(id),
      text: plain.question,
      golds: [...goldList(golds), ...goldList(aliases ?? [])],
      kind: plain.source ?? plain.kind ?? plain.data_source ?? UNNAMED_KIND,
      hops: hopsOf(plain.hops ?? extra?.hops, id),
      split: plain.split ?? extra?.split ?? null,
    };
  });
}

function decodeOfficial(
  value: unknown,
  row: number,
  path: string,
): Result.Result<Fields, BadInput> {
  return Result.map(decodeRow(OfficialRow, { row, value }, path), (official) => {
    const { extra_info: extra, prompt, data_source: kind } = official;
    const truth = official.reward_model.ground_truth;
    const said = prompt.findLast(({ role }) => role === "user")?.content ?? "";
    return {
      id: idText(extra?.index),
      text: extra?.question ?? withoutInstructions(said),
      golds: goldList(Predicate.hasProperty(truth, "target") ? truth.target : truth),
      kind,
      hops: hopsOf(extra?.hops, extra?.index),
      split: extra?.split ?? null,
    };
  });
}

/** The question of a prompt that begins with Search-R1's instructions, which our protocol replaces by its own. */
function withoutInstructions(said: string): string {
  return /^Answer the given question\. .*?Question: (.*)$/s.exec(said)?.[1]?.trim() ?? said;
}

function idText(id: Given<string | number | bigint>): string | null {
  return id === null || id === undefined ? null : String(id);
}

type Given<A> = A | null | undefined;

/** The searches that a row names; MuSiQue writes them into its ids, as in `3hop1__9285_5188_23307`, also after a name and `_`. */
function hopsOf(hops: Given<number | bigint>, id: Given<string | number | bigint>): number | null {
  const named = hops ?? /(?:^|_)(\d)hop\d?__/.exec(String(id))?.[1] ?? null;
  return named === null ? null : Number(named);
}

/** What files call the splits. */
const SPLIT_NAMES: ReadonlyMap<string, SplitName> = new Map([
  ["train", "train"],
  ["dev", "validation"],
  ["val", "validation"],
  ["valid", "validation"],
  ["validation", "validation"],
  ["test", "test"],
]);

/** The split of `train.parquet`, `dev.jsonl` and so on. */
function splitOfFile(path: string): SplitName | null {
  const name = path.split(/[/\\]/).at(-1)!.split(".")[0]!;
  return SPLIT_NAMES.get(name.toLowerCase()) ?? null;
}

function goldList(golds: string | ReadonlyArray<string>): ReadonlyArray<string> {
  return typeof golds === "string" ? [golds] : golds;
}

function fail(path: string, row: number, rule: string, value: unknown) {
  return Result.fail(badRow(path, row, rule, value));
}
