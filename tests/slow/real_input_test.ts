/**
 * The path of a user's own model and data: a checkpoint of random weights in the shape of a published family with a
 * published vocabulary, real questions and real passages. The model is taught the protocol, then trained for two steps
 * on questions of either file. Needs GOLDEN_DIR and REAL_DIR, and a quarter of an hour.
 */
import { Effect } from "effect";
import assert from "node:assert/strict";
import { command } from "../../driver/command.ts";
import { readText } from "../../src/files/disk.ts";
import { keyFromSeed } from "../../src/math/threefry.ts";
import { readArchitecture } from "../../src/model/architecture.ts";
import { initialWeights } from "../../src/model/initial.ts";
import { parametersOf } from "../../src/model/parameters.ts";
import { writeCheckpoint } from "../../src/files/checkpoint_dir.ts";
import { makeTokenizer } from "../../src/text/tokenizer.ts";

const golden = Deno.env.get("GOLDEN_DIR");
const real = Deno.env.get("REAL_DIR");

const training = {
  name: "real input test",
  promptsPerStep: 4,
  groupSize: 4,
  maxTurns: 3,
  maxNewTokens: 96,
  contextTokens: 1536,
  microBatchTokens: 2304,
  searchTopK: 1,
  validationQuestions: 16,
  testQuestions: 8,
  evaluateEvery: 0,
  lr: 1e-4,
};

/** Random weights need a learning rate that is too high for trained ones. */
const teaching = { ...training, steps: 600, lr: 5e-3 };

/** Random weights in the shape of a small Qwen2 with the vocabulary of a published tokenizer. */
const writeRandomModel = Effect.fnUntraced(function* (folder: string) {
  const tokenizerFolder = `${golden}/tokenizers/qwen2.5`;
  const files = {
    "tokenizer.json": yield* readText(`${tokenizerFolder}/tokenizer.json`),
    "tokenizer_config.json": yield* readText(`${tokenizerFolder}/tokenizer_config.json`),
  };
  const tokenizer = yield* Effect.fromResult(
    makeTokenizer(JSON.parse(files["tokenizer.json"]), JSON.parse(files["tokenizer_config.json"])),
  );
  const config = {
    ...JSON.parse(yield* readText(`${golden}/models/qwen2-tiny/config.json`)),
    vocab_size: tokenizer.vocabSize,
    max_position_embeddings: 4096,
  };
  const architecture = yield* Effect.fromResult(readArchitecture(config));
  const weights = initialWeights(architecture, keyFromSeed(1));
  const tensors = parametersOf(architecture).map(({ name, shape }) => ({
    name,
    shape,
    values: weights.get(name)!,
  }));
  yield* writeCheckpoint(folder, { config, tensors, dtype: "BF16", files });
});

async function igpo(...args: ReadonlyArray<string>): Promise<string> {
  const permissions = ["run", "--no-prompt", "--allow-read", "--allow-write", "--allow-env"];
  const { code, stdout, stderr } = await command("deno", {
    args: [...permissions, "--allow-ffi=.cache/driver", "src/cli/cli.ts", ...args],
  }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.equal(code, 0, text);
  return text;
}

Deno.test({
  name: "a foreign checkpoint learns the protocol on real questions, then trains with gains",
  ignore: golden === undefined || real === undefined,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    await Effect.runPromise(writeRandomModel(`${folder}/model`));
    const corpus = ["--corpus", `${real}/qa/2wiki/corpus.jsonl`];
    const data = async (recipe: typeof training, questions: string) => {
      const file = `${folder}/recipe.json`;
      await Deno.writeTextFile(file, JSON.stringify(recipe));
      return ["--recipe", file, "--questions", questions, ...corpus];
    };
    const taught = await igpo(
      ...["pretrain", "--model", `${folder}/model`, "--out", `${folder}/taught`],
      ...await data(teaching, `${golden}/qa/dev-150.parquet`),
    );
    const formed = Number(/(\d+) % of episodes are well-formed/.exec(taught)?.[1]);
    assert.ok(formed >= 80, taught);
    for (
      const [i, questions] of [
        `${golden}/qa/dev-150.parquet`,
        `${real}/qa/2wiki/questions.jsonl`,
      ].entries()
    ) {
      const said = await igpo(
        ...["train", "--model", `${folder}/taught/model`, "--steps", "2"],
        ...["--out", `${folder}/run${i}`, ...await data(training, questions)],
      );
      const metrics = (await Deno.readTextFile(`${folder}/run${i}/metrics.jsonl`)).trim()
        .split("\n").map((line) => JSON.parse(line)).filter(({ type }) => type === "step");
      assert.equal(metrics.length, 2, said);
      for (const { gain, gradientNorm } of metrics) {
        assert.ok(gain !== 0 && gradientNorm > 0, JSON.stringify({ gain, gradientNorm }));
      }
    }
    await Deno.remove(folder, { recursive: true });
  },
});
