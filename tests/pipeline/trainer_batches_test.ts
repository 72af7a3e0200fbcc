/** The batches of trainers elsewhere, against one written by hand and against what any batch must keep. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { decode } from "@msgpack/msgpack";
import fc from "fast-check";
import type { RawTensor } from "../../src/files/tensor_types.ts";
import { type BatchRow, batchRows } from "../../src/pipeline/batch_rows.ts";
import { primeRlFiles } from "../../src/pipeline/prime_rl_batch.ts";
import type { TrainingStep } from "../../src/pipeline/steps.ts";
import { verlTensors } from "../../src/pipeline/verl_batch.ts";

/** Two episodes: one calls a tool and answers, with a header of two tokens before each message; one answers at once. */
const EPISODES = [
  { promptBoundary: 2, gain: [0.5], outcome: 1 },
  { promptBoundary: 3, gain: [], outcome: -2 },
];
const SEQUENCES = [
  {
    tokens: [10, 11, 12, 13, 14, 15, 16, 17],
    position: [3, 4, 7],
    turn: [0, 0, 1],
    advantage: [2, 2, -1],
    behaviourLogProb: [-0.25, -0.5, -1],
    weight: [0.25, 0.25, 0.25],
  },
  {
    tokens: [20, 21, 22, 23, 24],
    position: [4],
    turn: [0],
    advantage: [3],
    behaviourLogProb: [-2],
    weight: [0.5],
  },
];
// What rows are made of, and no more.
const STEP = {
  groups: [{ step: 1, episodes: EPISODES }],
  batch: {
    sequences: SEQUENCES.map((sequence) => ({
      ...sequence,
      tokens: Uint32Array.from(sequence.tokens),
      position: Uint32Array.from(sequence.position),
      turn: Uint32Array.from(sequence.turn),
      advantage: Float64Array.from(sequence.advantage),
      behaviourLogProb: Float64Array.from(sequence.behaviourLogProb),
      weight: Float64Array.from(sequence.weight),
    })),
  },
} as unknown as TrainingStep;

/** The rows of a tensor as numbers. */
function rowsOf({ dtype, shape: [rows, width], bytes }: RawTensor): ReadonlyArray<Array<number>> {
  const values = dtype === "I64"
    ? Array.from(new BigInt64Array(bytes.buffer), Number)
    : Array.from(new Float32Array(bytes.buffer));
  return Array.from({ length: rows! }, (_, row) => values.slice(row * width!, (row + 1) * width!));
}

const tensorsOf = (rows: ReadonlyArray<BatchRow>) =>
  Object.fromEntries(verlTensors(rows).map((tensor) => [tensor.name, rowsOf(tensor)]));

Deno.test("verlTensors() pads prompts on the left and responses on the right", () => {
  deepStrictEqual(tensorsOf(batchRows(STEP)), {
    prompts: [[0, 10, 11], [20, 21, 22]],
    responses: [[12, 13, 14, 15, 16, 17], [23, 24, 0, 0, 0, 0]],
    response_mask: [[0, 1, 1, 0, 0, 1], [0, 1, 0, 0, 0, 0]],
    input_ids: [[0, 10, 11, 12, 13, 14, 15, 16, 17], [20, 21, 22, 23, 24, 0, 0, 0, 0]],
    attention_mask: [[0, 1, 1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 0, 0, 0, 0]],
    position_ids: [[0, 0, 1, 2, 3, 4, 5, 6, 7], [0, 1, 2, 3, 4, 4, 4, 4, 4]],
    rollout_log_probs: [[0, -0.25, -0.5, 0, 0, -1], [0, -2, 0, 0, 0, 0]],
    advantages: [[0, 2, 2, 0, 0, -1], [0, 3, 0, 0, 0, 0]],
    returns: [[0, 2, 2, 0, 0, -1], [0, 3, 0, 0, 0, 0]],
    token_level_scores: [[0, 0, 0.5, 0, 0, 1], [0, -2, 0, 0, 0, 0]],
    token_level_rewards: [[0, 0, 0.5, 0, 0, 1], [0, -2, 0, 0, 0, 0]],
  });
});

const OPTIONS = { ranks: 1, tokens: 13, temperature: 0.5, aggregation: "token-mean" } as const;
const filesOf = (
  rows: ReadonlyArray<BatchRow>,
  options: Partial<Parameters<typeof primeRlFiles>[1]>,
) =>
  primeRlFiles(rows, { ...OPTIONS, ...options })
    .map((bytes) => decode(bytes) as ReadonlyArray<ReadonlyArray<unknown>>);

const MICRO_BATCH = [
  [10, 11, 12, 13, 14, 15, 16, 17, 20, 21, 22, 23, 24],
  [0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 1].map((one) => one === 1),
  [0, 0, 0, 2, 2, 0, 0, -1, 0, 0, 0, 0, 3],
  [0, 0, 0, -0.25, -0.5, 0, 0, -1, 0, 0, 0, 0, -2],
  [0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4],
  [8, 5],
  new Array<number>(13).fill(0.5),
  new Array<string>(13).fill("igpo"),
  [8, 5],
  ...[null, null, null, null],
];

Deno.test("primeRlFiles() joins sequences into micro-batches, the fields in their order", () => {
  deepStrictEqual(filesOf(batchRows(STEP), {}), [[[...MICRO_BATCH, null]]]);
});

Deno.test("primeRlFiles() weighs tokens where the loss is no mean over them", () => {
  const weights = [0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 2];
  deepStrictEqual(
    filesOf(batchRows(STEP), { aggregation: "seq-mean-token-mean" }),
    [[[...MICRO_BATCH, weights]]],
  );
});

Deno.test("primeRlFiles() gives ranks equally many micro-batches, those of no sequence without a loss", () => {
  const [first, second, third] = filesOf(batchRows(STEP), { ranks: 3, tokens: 12 });
  const idsAndMask = (file = first) =>
    file!.map(([ids, mask]) => [ids, (mask as boolean[]).some(Boolean)]);
  const [long, short] = batchRows(STEP).map(({ tokens }) => [...tokens]);
  deepStrictEqual(idsAndMask(first), [[long, true]]);
  deepStrictEqual(idsAndMask(second), [[short, true]]);
  deepStrictEqual(idsAndMask(third), [[long, false]]);
  deepStrictEqual(third![0]![2], new Array(8).fill(0));
});

const float = fc.float({ noNaN: true, min: -8, max: 8 });
/** Any row: a prompt, then tokens of which the last one is sampled. */
const row: fc.Arbitrary<BatchRow> = fc.record({
  prompt: fc.array(fc.nat(99), { minLength: 1, maxLength: 6 }),
  response: fc.array(
    fc.record({
      id: fc.nat(99),
      isSampled: fc.boolean(),
      logProb: float,
      advantage: float,
      weight: float,
    }),
    { minLength: 1, maxLength: 9 },
  ),
}).map(({ prompt, response }) => {
  const sampled = response.map((token, i) => ({
    ...token,
    isSampled: token.isSampled || i === response.length - 1,
  }));
  const dense = (of: (token: typeof sampled[number]) => number) => [
    ...prompt.map(() => 0),
    ...sampled.map((token) => token.isSampled ? of(token) : 0),
  ];
  return {
    tokens: Uint32Array.from([...prompt, ...response.map(({ id }) => id)]),
    promptLength: prompt.length,
    mask: Uint8Array.from(dense(() => 1)),
    logProb: Float32Array.from(dense(({ logProb }) => logProb)),
    advantage: Float32Array.from(dense(({ advantage }) => advantage)),
    weight: Float64Array.from(dense(({ weight }) => 1 + Math.abs(weight))),
    reward: Float32Array.from(dense(({ advantage }) => advantage)),
  };
});
const rows = fc.array(row, { minLength: 1, maxLength: 12 });

Deno.test("verlTensors() keeps every row: without its padding it is what it was", () => {
  fc.assert(fc.property(rows, (rows) => {
    const tensors = tensorsOf(rows);
    const width = tensors["prompts"]![0]!.length;
    rows.forEach((row, b) => {
      const isToken = tensors["attention_mask"]![b]!;
      const present = (name: string) => tensors[name]![b]!.filter((_, i) => isToken[i] === 1);
      const response = (name: string) =>
        tensors[name]![b]!.filter((_, i) => isToken[width + i] === 1);
      const from = <A>(values: ArrayLike<A>) => Array.from(values).slice(row.promptLength);
      deepStrictEqual(present("input_ids"), [...row.tokens]);
      deepStrictEqual(present("position_ids"), [...row.tokens.keys()]);
      deepStrictEqual(response("responses"), from(row.tokens));
      deepStrictEqual(response("response_mask"), from(row.mask));
      deepStrictEqual(response("rollout_log_probs"), from(row.logProb));
      deepStrictEqual(response("advantages"), from(row.advantage));
      deepStrictEqual(response("token_level_rewards"), from(row.reward));
      // Nothing stands where there is no token.
      const sum = (values: ReadonlyArray<number>) => values.reduce((a, x) => a + x, 0);
      strictEqual(sum(tensors["response_mask"]![b]!), sum([...row.mask]));
      strictEqual(
        tensors["input_ids"]![b]!.join(),
        [...tensors["prompts"]![b]!, ...tensors["responses"]![b]!].join(),
      );
    });
  }));
});

type Sequence = { ids: string; mask: string; advantage: string; logProb: string };

/** The sequences of all ranks that have a loss. */
function sequencesOf(files: ReturnType<typeof filesOf>): ReadonlyArray<Sequence> {
  return files.flat().flatMap((fields) => {
    const lengths = fields[5] as Array<number>;
    return lengths.map((length, i): Sequence => {
      const start = lengths.slice(0, i).reduce((a, x) => a + x, 0);
      const cut = (field: number) =>
        (fields[field] as Array<number>).slice(start, start + length).join();
      return { ids: cut(0), mask: cut(1), advantage: cut(2), logProb: cut(3) };
    });
  }).filter(({ mask }) => mask.includes("true"));
}

Deno.test("primeRlFiles() keeps every row once, in packs with room for it, and the loss", () => {
  const ranks = fc.integer({ min: 1, max: 5 });
  const room = fc.integer({ min: 15, max: 60 });
  fc.assert(fc.property(rows, ranks, room, (rows, ranks, tokens) => {
    const files = filesOf(rows, { ranks, tokens, aggregation: "seq-mean-token-mean" });
    strictEqual(files.length, ranks);
    strictEqual(new Set(files.map((file) => file.length)).size, 1);
    const sorted = (all: ReadonlyArray<Sequence>) => all.map((one) => JSON.stringify(one)).sort();
    deepStrictEqual(
      sorted(sequencesOf(files)),
      sorted(rows.map((row) => ({
        ids: row.tokens.join(),
        mask: Array.from(row.mask, (one) => one === 1).join(),
        advantage: Array.from(row.advantage, (x) => x + 0).join(),
        logProb: Array.from(row.logProb, (x) => x + 0).join(),
      }))),
    );
    const packs = files.flat();
    ok(packs.every(([ids]) => (ids as Array<number>).length <= tokens));
    // The trainer's loss, a sum over masked tokens of weight times term, by their number, is that of the batch.
    const terms = (mask: unknown, weights: unknown, values: unknown) =>
      (mask as boolean[]).reduce(
        (sum, one, p) => sum + (one ? (weights as number[])[p]! * (values as number[])[p]! : 0),
        0,
      );
    const sampled = rows.flatMap(({ mask }) => [...mask]).reduce((a, x) => a + x, 0);
    const trainers = packs.reduce((sum, f) => sum + terms(f[1], f[13], f[2]), 0) / sampled;
    const batch = rows.reduce(
      (sum, { weight, advantage }) => sum + weight.reduce((a, w, p) => a + w * advantage[p]!, 0),
      0,
    );
    const size = rows.reduce(
      (sum, { weight, advantage }) =>
        sum + weight.reduce((a, w, p) => a + w * Math.abs(advantage[p]!), 0),
      0,
    );
    // Weights were rounded to float32.
    ok(Math.abs(trainers - batch) <= 1e-6 * size + 1e-12);
  }));
});
