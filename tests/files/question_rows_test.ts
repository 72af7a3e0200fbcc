import assert from "node:assert/strict";
import { Result } from "effect";
import { collectQuestions, parseQuestion } from "../../src/files/question_rows.ts";

const WIDE = { maxWords: 100, maxCharacters: 1000 };

const official = (ground_truth: unknown, change: object = {}) => ({
  data_source: "nq",
  prompt: [{ content: "Who?", role: "user" }],
  ability: "search",
  reward_model: { ground_truth, style: "rule" },
  extra_info: { index: "nq_1", split: "dev" },
  ...change,
});

const rowsOf = (...values: ReadonlyArray<unknown>) =>
  values.map((value, i) => ({ row: i + 1, value }));

const question = (value: unknown) => Result.getOrThrow(parseQuestion({ row: 7, value }, "f"));

function refusal(value: unknown): string {
  const result = parseQuestion({ row: 7, value }, "f.jsonl");
  assert.ok(Result.isFailure(result), JSON.stringify(value));
  assert.match(result.failure.message, /^Cannot read "f\.jsonl" as in row 7 [^\n]*[^.\n]$/);
  return result.failure.message;
}

Deno.test("parseQuestion() reads the official schema and splits its aliases", () => {
  assert.deepEqual(question(official("the UK<|answer_split|> Britain ")), {
    id: "nq_1",
    text: "Who?",
    golds: ["the UK", "Britain"],
    kind: "nq",
  });
});

Deno.test("parseQuestion() takes a ground truth that is a list, also one wrapped as a target", () => {
  assert.deepEqual(question(official(["a", "b"])).golds, ["a", "b"]);
  assert.deepEqual(question(official({ target: ["a<|answer_split|>b"] })).golds, ["a", "b"]);
});

Deno.test("parseQuestion() takes indices that Parquet stores as 64-bit integers", () => {
  assert.equal(question(official("a", { extra_info: { index: 5n } })).id, "5");
  assert.equal(question(official("a", { extra_info: null })).id, "row-7");
});

Deno.test("parseQuestion() asks what the user said last", () => {
  const prompt = [
    { role: "system", content: "s" },
    { role: "user", content: "first" },
    { role: "user", content: "last" },
    { role: "assistant", content: "a" },
  ];
  assert.equal(question(official("a", { prompt })).text, "last");
});

Deno.test("parseQuestion() reads plain rows under each name of the answers and the kind", () => {
  const golds = ["x"];
  const text = "Q?";
  const cases = [
    [{ id: "1", answers: ["x"], source: "s" }, { id: "1", kind: "s" }],
    [{ id: 2, answer: "x", kind: "k" }, { id: "2", kind: "k" }],
    [{ golden_answers: ["x"], data_source: "d" }, { id: "row-7", kind: "d" }],
    [{ answers: ["x"] }, { id: "row-7", kind: "unnamed" }],
  ] as const;
  for (const [fields, wanted] of cases) {
    assert.deepEqual(question({ question: text, ...fields }), { ...wanted, text, golds });
  }
});

Deno.test("parseQuestion() refuses a row without a gold answer", () => {
  for (const golds of ["", "  ", [], ["", " "], "<|answer_split|>"]) {
    assert.match(refusal(official(golds)), /gold answer/);
    assert.match(refusal({ question: "Q?", answers: golds }), /gold answer/);
  }
  assert.match(refusal({ question: "Q?" }), /gold answer/);
});

Deno.test("parseQuestion() refuses rows of another shape", () => {
  refusal(null);
  refusal([]);
  refusal("text");
  refusal({});
  refusal(official(3));
  refusal(official("a", { data_source: undefined }));
  refusal(official("a", { prompt: "Who?" }));
  refusal({ question: 3, answers: ["a"] });
  refusal({ question: "Q?", answers: [3] });
  assert.match(refusal({ question: " ", answers: ["a"] }), /must have text/);
  assert.match(refusal(official("a", { prompt: [] })), /must have text/);
});

Deno.test("collectQuestions() leaves out long golds and counts them", () => {
  const rows = rowsOf(
    { id: 1, question: "Q", answers: ["two words", "yes"], source: "a" },
    { id: 2, question: "Q", answers: ["No"], source: "b" },
    { id: 3, question: "Q", answers: ["one two three"], source: "a" },
    { id: 4, question: "Q", answers: ["abcdefghijklmnop", "short", "x"], source: "a" },
  );
  const cap = { maxWords: 2, maxCharacters: 12 };
  const { questions, counts } = Result.getOrThrow(collectQuestions(rows, "f", cap));
  assert.deepEqual(questions.map(({ id, golds }) => [id, golds]), [
    ["1", ["two words", "yes"]],
    ["2", ["No"]],
    ["4", ["short", "x"]],
  ]);
  assert.deepEqual(counts, {
    rows: 4,
    questions: 3,
    skipped: 1,
    overLongGolds: 2,
    withAliases: 2,
    golds: 5,
    yesNo: 1,
    byKind: { a: 2, b: 1 },
  });
});

Deno.test("collectQuestions() refuses an id that stands twice within its kind only", () => {
  const row = (source: string) => ({ id: 1, question: "Q", answers: ["a"], source });
  assert.ok(Result.isSuccess(collectQuestions(rowsOf(row("a"), row("b")), "f", WIDE)));
  const twice = collectQuestions(rowsOf(row("a"), row("b"), row("a")), "f", WIDE);
  assert.ok(Result.isFailure(twice));
  assert.match(twice.failure.message, /row 3 the id must be new: current value is "1"/);
});

Deno.test("collectQuestions() refuses a file from which no question is left", () => {
  assert.ok(Result.isFailure(collectQuestions([], "f", WIDE)));
  const long = rowsOf({ question: "Q", answers: ["a b c"] });
  assert.ok(Result.isFailure(collectQuestions(long, "f", { maxWords: 2, maxCharacters: 9 })));
});
