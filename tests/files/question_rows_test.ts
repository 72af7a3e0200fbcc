import assert from "node:assert/strict";
import { Result } from "effect";
import { parseQuestion } from "../../src/files/question_rows.ts";

const official = (ground_truth: unknown, change: object = {}) => ({
  data_source: "nq",
  prompt: [{ content: "Who?", role: "user" }],
  ability: "search",
  reward_model: { ground_truth, style: "rule" },
  extra_info: { index: "nq_1", split: "dev" },
  ...change,
});

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
    hops: null,
    split: "validation",
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
    assert.deepEqual(question({ question: text, ...fields }), {
      ...wanted,
      text,
      golds,
      hops: null,
      split: null,
    });
  }
});

Deno.test("parseQuestion() names a source in one line, as tables print it", () => {
  const kindOf = (source: string) => question({ question: "Q?", answers: ["a"], source }).kind;
  assert.equal(kindOf("two\nlines\x1b[2J"), "two lines [2J");
  assert.equal(kindOf(" "), "unnamed");
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

Deno.test("parseQuestion() reads hops where a row tells them", () => {
  const plain = { question: "Q?", answers: ["a"] };
  assert.equal(question({ ...plain, hops: 3 }).hops, 3);
  assert.equal(question({ ...plain, hops: 3n }).hops, 3);
  assert.equal(question({ ...plain, id: "4hop2__71753_648517_70784_79935" }).hops, 4);
  assert.equal(question({ ...plain, id: "musique_2hop__13548_13529" }).hops, 2);
  assert.equal(question({ ...plain, id: "the 4hop2__" }).hops, null);
  assert.equal(question(official("a", { extra_info: { index: 1, hops: 2 } })).hops, 2);
  assert.match(refusal({ ...plain, hops: 1.5 }), /"hops"/);
  assert.match(
    refusal({ ...plain, hops: -3 }),
    /field "hops" must be a number of searches, 1 or more/,
  );
});

Deno.test("parseQuestion() reads the split from the row, else from the name of the file", () => {
  const splitOf = (path: string, split?: string | null) =>
    Result.getOrThrow(
      parseQuestion({ row: 1, value: { question: "Q?", answers: ["a"], split } }, path),
    ).split;
  assert.equal(splitOf("data/dev.parquet"), "validation");
  assert.equal(splitOf("C:\\data\\Train.jsonl.gz"), "train");
  assert.equal(splitOf("train/all.jsonl"), null);
  assert.equal(splitOf("train.jsonl", "test"), "test");
  assert.equal(splitOf("train.jsonl", ""), "train");
  assert.throws(() => splitOf("train.jsonl", "fold 3"), /the split must be one of train, dev, val/);
  assert.equal(splitOf("all.jsonl", null), null);
});

Deno.test("parseQuestion() asks Search-R1's question without its instructions", () => {
  const content =
    "Answer the given question. Think inside <think>. For example, <answer> Beijing " +
    "</answer>. Question: Who said Question: none?\n";
  const prompt = [{ role: "user", content }];
  const row = official({ target: ["Ada"] }, { prompt });
  assert.equal(question(row).text, "Who said Question: none?");
  const named = { index: 3n, split: "test", question: "Who?" };
  assert.equal(question(official("a", { prompt, extra_info: named })).text, "Who?");
  const own = [{ role: "user", content: "Name a town. Question: which?" }];
  assert.equal(question(official("a", { prompt: own })).text, own[0]!.content);
});

Deno.test("parseQuestion() reads a row of Search-R1 that has columns of both schemas", () => {
  const row = {
    id: "train_0",
    question: "Who?",
    golden_answers: ["Ada", "Eve"],
    ...official({ target: ["Ada", "Eve"] }, { extra_info: { index: 0n, split: "train" } }),
    metadata: null,
  };
  assert.deepEqual(question(row), {
    id: "train_0",
    text: "Who?",
    golds: ["Ada", "Eve"],
    kind: "nq",
    hops: null,
    split: "train",
  });
});

Deno.test("parseQuestion() reads HotpotQA's ids and MuSiQue's aliases", () => {
  const hotpot = { _id: "5a7a", question: "Q?", answer: "yes", type: "bridge" };
  assert.equal(question(hotpot).id, "5a7a");
  const musique = { id: "2hop__1_2", question: "Q?", answer: "UK", answer_aliases: ["Britain"] };
  const { golds, hops } = question(musique);
  assert.deepEqual([golds, hops], [["UK", "Britain"], 2]);
});
