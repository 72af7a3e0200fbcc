import { Predicate, Result, Schema } from "effect";
import { BadInput } from "../domain/errors.ts";
import type { Question } from "../domain/question.ts";
import { badFields, badRow, type Row } from "./jsonl.ts";

/** Separates the accepted answers of a row in the official data. */
export const ANSWER_SPLIT = "<|answer_split|>";

/** How long a gold answer may be: the belief in a longer one could take thousands of tokens. */
export interface GoldCap {
  readonly maxWords: number;
  readonly maxCharacters: number;
}

/** What a file of questions held. */
export interface QuestionCounts {
  readonly rows: number;
  readonly questions: number;
  /** Questions that were left out because no gold answer was short enough. */
  readonly skipped: number;
  /** Gold answers above the cap, of skipped questions or of others. */
  readonly overLongGolds: number;
  /** Questions with more than one accepted answer, and accepted answers in all. */
  readonly withAliases: number;
  readonly golds: number;
  /** Questions whose first gold answer is yes or no. */
  readonly yesNo: number;
  /** Questions of each kind. */
  readonly byKind: Readonly<Record<string, number>>;
}

/** The questions of a file with their counts. */
export interface QuestionSet {
  readonly questions: ReadonlyArray<Question>;
  readonly counts: QuestionCounts;
}

const Golds = Schema.Union([Schema.String, Schema.Array(Schema.String)]);
const Id = Schema.Union([Schema.String, Schema.Number, Schema.BigInt]);

const PlainRow = Schema.Struct({
  id: Schema.optional(Schema.NullOr(Id)),
  question: Schema.String,
  answers: Schema.optional(Schema.NullOr(Golds)),
  answer: Schema.optional(Schema.NullOr(Golds)),
  golden_answers: Schema.optional(Schema.NullOr(Golds)),
  source: Schema.optional(Schema.NullOr(Schema.String)),
  kind: Schema.optional(Schema.NullOr(Schema.String)),
  data_source: Schema.optional(Schema.NullOr(Schema.String)),
});

const OfficialRow = Schema.Struct({
  data_source: Schema.String,
  prompt: Schema.Array(Schema.Struct({ role: Schema.String, content: Schema.String })),
  reward_model: Schema.Struct({
    // Search-R1 wraps the list in an object.
    ground_truth: Schema.Union([Golds, Schema.Struct({ target: Golds })]),
  }),
  extra_info: Schema.optional(
    Schema.NullOr(Schema.Struct({ index: Schema.optional(Schema.NullOr(Id)) })),
  ),
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
): Result.Result<Question, BadInput> {
  return Result.gen(function* () {
    const isPlain = Predicate.isObject(value) && "question" in value;
    const { id, text, golds, kind } = isPlain
      ? yield* decodePlain(value, row, path)
      : yield* decodeOfficial(value, row, path);
    if (text.trim() === "") return yield* fail(path, row, "the question must have text", value);
    const split = golds.flatMap((gold) => gold.split(ANSWER_SPLIT)).map((gold) => gold.trim());
    const accepted = split.filter((gold) => gold !== "");
    if (accepted.length === 0) return yield* fail(path, row, "a gold answer must stand", value);
    return { id: id ?? `row-${row}`, text, golds: accepted, kind };
  });
}

/**
 * The questions of all rows. Gold answers above the cap are left out, and so are questions without any other gold
 * answer; both are counted. Fails with `BadInput` on the first bad row, on an id that is repeated within its kind, and
 * when no question is left.
 */
export function collectQuestions(
  rows: ReadonlyArray<Row>,
  path: string,
  cap: GoldCap,
): Result.Result<QuestionSet, BadInput> {
  return Result.gen(function* () {
    const all: Array<Question> = [];
    const seen = new Set<string>();
    for (const row of rows) {
      const question = yield* parseQuestion(row, path);
      const key = JSON.stringify([question.kind, question.id]);
      if (seen.has(key)) return yield* fail(path, row.row, "the id must be new", question.id);
      seen.add(key);
      all.push(question);
    }
    const short = all.map((question) => ({
      ...question,
      golds: question.golds.filter((gold) => isWithin(gold, cap)),
    }));
    const questions = short.filter((question) => question.golds.length > 0);
    if (questions.length === 0) {
      return yield* Result.fail(
        new BadInput({
          message:
            `Cannot use "${path}" as it must hold a question with a gold answer of at most ` +
            `${cap.maxWords} words and ${cap.maxCharacters} characters: current value is none of ` +
            `${all.length}`,
        }),
      );
    }
    return { questions, counts: countQuestions(all, questions) };
  });
}

function countQuestions(
  all: ReadonlyArray<Question>,
  questions: ReadonlyArray<Question>,
): QuestionCounts {
  const goldsOf = (list: ReadonlyArray<Question>) =>
    list.reduce((count, { golds }) => count + golds.length, 0);
  const byKind: Record<string, number> = {};
  for (const { kind } of questions) byKind[kind] = (byKind[kind] ?? 0) + 1;
  const dropped = goldsOf(all) - goldsOf(questions);
  return {
    rows: all.length,
    questions: questions.length,
    skipped: all.length - questions.length,
    overLongGolds: dropped,
    withAliases: questions.filter(({ golds }) => golds.length > 1).length,
    golds: goldsOf(questions),
    yesNo: questions.filter(({ golds }) => /^(yes|no)$/i.test(golds[0]!)).length,
    byKind,
  };
}

function isWithin(gold: string, cap: GoldCap): boolean {
  return gold.length <= cap.maxCharacters && gold.split(/\s+/).length <= cap.maxWords;
}

/** A row before its gold answers are split. */
interface Fields {
  readonly id: string | null;
  readonly text: string;
  readonly golds: ReadonlyArray<string>;
  readonly kind: string;
}

function decodePlain(value: unknown, row: number, path: string): Result.Result<Fields, BadInput> {
  return Result.map(decode(PlainRow, value, row, path), (plain) => ({
    id: idText(plain.id),
    text: plain.question,
    golds: goldList(plain.answers ?? plain.answer ?? plain.golden_answers ?? []),
    kind: plain.source ?? plain.kind ?? plain.data_source ?? UNNAMED_KIND,
  }));
}

function decodeOfficial(
  value: unknown,
  row: number,
  path: string,
): Result.Result<Fields, BadInput> {
  return Result.map(decode(OfficialRow, value, row, path), (official) => {
    const truth = official.reward_model.ground_truth;
    return {
      id: idText(official.extra_info?.index),
      text: official.prompt.findLast(({ role }) => role === "user")?.content ?? "",
      golds: goldList(Predicate.hasProperty(truth, "target") ? truth.target : truth),
      kind: official.data_source,
    };
  });
}

function decode<S extends Schema.Decoder<unknown>>(
  schema: S,
  value: unknown,
  row: number,
  path: string,
): Result.Result<S["Type"], BadInput> {
  return Result.mapError(
    Schema.decodeUnknownResult(schema)(value),
    (error) => badFields(path, { row, value }, { what: "a question's", finding: error.message }),
  );
}

function idText(id: string | number | bigint | null | undefined): string | null {
  return id === null || id === undefined ? null : String(id);
}

function goldList(golds: string | ReadonlyArray<string>): ReadonlyArray<string> {
  return typeof golds === "string" ? [golds] : golds;
}

function fail(path: string, row: number, rule: string, value: unknown) {
  return Result.fail(badRow(path, row, rule, value));
}
