import assert from "node:assert/strict";
import { Result } from "effect";
import { keyFromSeed } from "../../src/math/threefry.ts";
import { type Architecture, readArchitecture, writeConfig } from "../../src/model/architecture.ts";
import { initialWeights } from "../../src/model/initial.ts";
import {
  parametersOf,
  stackValues,
  storedParametersOf,
  unstackValues,
} from "../../src/model/parameters.ts";
import { ropeFrequencies, ropeTable } from "../../src/model/rope.ts";
import { countParameters } from "../support/plans.ts";
import { TINY, tinyWeights } from "../support/tiny_models.ts";

const QWEN2 = {
  model_type: "qwen2",
  vocab_size: 199,
  hidden_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  intermediate_size: 80,
  tie_word_embeddings: true,
  rope_theta: 1e6,
};

const read = (fields: Record<string, unknown>): Architecture =>
  Result.getOrThrow(readArchitecture(JSON.parse(JSON.stringify({ ...QWEN2, ...fields }))));

function refusal(fields: Record<string, unknown>): string {
  const result = readArchitecture({ ...QWEN2, ...fields });
  assert.ok(Result.isFailure(result), JSON.stringify(fields));
  return result.failure.message;
}

Deno.test("readArchitecture() refuses what would be computed wrongly, with rule and value", () => {
  assert.match(refusal({ model_type: "mistral" }), /model_type must be .*"mistral"/);
  assert.match(refusal({ hidden_act: "gelu" }), /hidden_act must be silu.*"gelu"/);
  assert.match(refusal({ use_sliding_window: true }), /use_sliding_window must be false/);
  assert.match(
    refusal({ rope_scaling: { rope_type: "yarn", factor: 4 } }),
    /rope_type must be .*"yarn"/,
  );
  assert.match(refusal({ rope_parameters: { rope_type: "linear" } }), /"linear"/);
  assert.match(
    refusal({ quantization_config: { bits: 4 } }),
    /are quantised \(by a method unnamed\) .*--weights int8/,
  );
  assert.equal(read({ quantization_config: null }).hidden, read({}).hidden);
  assert.match(refusal({ hidden_size: 62 }), /hidden_size must be a multiple of 4/);
  assert.match(refusal({ head_dim: 18 }), /head_dim must be a multiple of 4.*18/);
  assert.match(refusal({ intermediate_size: 81 }), /intermediate_size must be a multiple of 4/);
  assert.match(refusal({ num_key_value_heads: 3 }), /multiple of num_key_value_heads.*4 and 3/);
  assert.match(refusal({ vocab_size: 0 }), /vocab_size/);
  assert.match(refusal({ hidden_size: undefined }), /hidden_size/);
  assert.match(refusal({ model_type: "constructor" }), /model_type must be .*"constructor"/);
  assert.match(
    refusal({ num_hidden_layers: 1e9 }),
    /"num_hidden_layers" must be .* between 1 and 1000: .* is 1000000000$/,
  );
  assert.match(refusal({ rms_norm_eps: -1 }), /"rms_norm_eps" must be .* between 1e-30 and 1: /);
  assert.match(refusal({ rope_theta: 0 }), /"rope_theta" must be .* between 1 and 1000000000000: /);
});

Deno.test("readArchitecture() fills in what a config leaves out", () => {
  const { headDim, keyValueHeads, tied, rope } = read({
    num_key_value_heads: undefined,
    tie_word_embeddings: undefined,
    rope_theta: undefined,
  });
  assert.deepEqual({ headDim, keyValueHeads, tied, rope }, {
    headDim: 16,
    keyValueHeads: 4,
    tied: false,
    rope: { base: 10_000, scaling: null },
  });
});

Deno.test("readArchitecture() takes biases and norms from the family and the config", () => {
  const flags = (fields: Record<string, unknown>) => {
    const a = read(fields);
    return [a.queryKeyValueBias, a.outputBias, a.feedForwardBias, a.queryKeyNorm];
  };
  assert.deepEqual(flags({}), [true, false, false, false]);
  assert.deepEqual(flags({ model_type: "qwen3" }), [false, false, false, true]);
  assert.deepEqual(flags({ model_type: "qwen3", attention_bias: true }), [true, true, false, true]);
  assert.deepEqual(flags({ model_type: "llama" }), [false, false, false, false]);
  assert.deepEqual(
    flags({ model_type: "llama", attention_bias: true, mlp_bias: true }),
    [true, true, true, false],
  );
});

Deno.test("writeConfig() is read back as the same architecture", () => {
  for (const architecture of Object.values(TINY)) {
    const config = JSON.parse(JSON.stringify(writeConfig(architecture)));
    assert.deepEqual(Result.getOrThrow(readArchitecture(config)), architecture);
  }
});

Deno.test("storedParametersOf() stacks what reads the same input, and nothing is lost or moved", () => {
  for (const architecture of Object.values(TINY)) {
    const stored = storedParametersOf(architecture);
    const parts = stored.flatMap((parameter) => parameter.parts);
    assert.deepEqual(
      parts.map(({ name }) => name).sort(),
      parametersOf(architecture).map(({ name }) => name).sort(),
    );
    const values = tinyWeights(architecture);
    for (const parameter of stored) {
      const { shape, rows, cols } = parameter;
      const stack = stackValues(parameter, (name) => values.get(name)!);
      assert.equal(stack.length, rows * cols);
      assert.equal(shape.reduce((a, b) => a * b), rows * cols);
      for (const [name, part] of unstackValues(parameter, stack)) {
        assert.deepEqual(part, values.get(name));
      }
    }
  }
  const first = "model.layers.0";
  const named = storedParametersOf(TINY.llama).filter(({ parts }) => parts.length > 1);
  assert.deepEqual(
    named.slice(0, 4).map(({ name, rows, cols }) => [name, rows, cols]),
    [
      [`${first}.self_attn.qkv_proj.weight`, 36, 12],
      [`${first}.self_attn.qkv_proj.bias`, 1, 36],
      [`${first}.mlp.gate_up_proj.weight`, 32, 12],
      [`${first}.mlp.gate_up_proj.bias`, 1, 32],
    ],
  );
});

Deno.test("parametersOf() names each parameter once and counts them all", () => {
  for (const architecture of Object.values(TINY)) {
    const parameters = parametersOf(architecture);
    assert.equal(new Set(parameters.map(({ name }) => name)).size, parameters.length);
    const count = parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b), 0);
    assert.equal(countParameters(architecture), count);
    const hasHead = parameters.some(({ name }) => name === "lm_head.weight");
    assert.equal(hasHead, !architecture.tied);
  }
});

Deno.test("initialWeights() are a function of key and name: norms 1, biases 0, matrices normal", () => {
  const architecture = { ...TINY.llama, hidden: 64, vocabulary: 512 };
  const weights = initialWeights(architecture, keyFromSeed(5));
  assert.deepEqual(initialWeights(architecture, keyFromSeed(5)), weights);
  for (const { name, kind, rows, cols } of parametersOf(architecture)) {
    const values = weights.get(name)!;
    assert.equal(values.length, rows * cols);
    if (kind === "norm") assert.ok(values.every((x) => x === 1), name);
    if (kind === "bias") assert.ok(values.every((x) => x === 0), name);
  }
  const embedding = weights.get("model.embed_tokens.weight")!;
  const mean = embedding.reduce((sum, x) => sum + x, 0) / embedding.length;
  const std = Math.sqrt(embedding.reduce((sum, x) => sum + (x - mean) ** 2, 0) / embedding.length);
  // 32,768 draws: the mean is within 5 std / 181, the standard deviation within 5 std / 256.
  assert.ok(Math.abs(mean) < 0.05 * 5 / 181 && Math.abs(std - 0.05) < 0.05 * 5 / 256);
  const layers = new Map(weights);
  const smaller = initialWeights({ ...architecture, layers: 1 }, keyFromSeed(5));
  const first = "model.layers.0.mlp.up_proj.weight";
  assert.deepEqual(smaller.get(first), layers.get(first), "a name's weights are its own");
});

Deno.test("ropeTable() holds cosines, then sines, of position times frequency", () => {
  const rope = { base: 10_000, scaling: null };
  const frequencies = ropeFrequencies(rope, 8);
  assert.deepEqual([...frequencies], [
    1,
    10_000 ** (-1 / 4),
    10_000 ** (-2 / 4),
    10_000 ** (-3 / 4),
  ]);
  const table = ropeTable(rope, 8, 5);
  assert.equal(table.length, 40);
  for (let i = 0; i < 4; i++) {
    assert.equal(table[3 * 8 + i], Math.cos(3 * frequencies[i]!));
    assert.equal(table[3 * 8 + 4 + i], Math.sin(3 * frequencies[i]!));
  }
});

Deno.test("ropeFrequencies() of Llama 3 keep short waves, stretch long ones, and blend between", () => {
  const scaling = {
    factor: 8,
    lowFrequencyFactor: 1,
    highFrequencyFactor: 4,
    originalPositions: 8192,
  };
  const plain = ropeFrequencies({ base: 500_000, scaling: null }, 128);
  const scaled = ropeFrequencies({ base: 500_000, scaling }, 128);
  plain.forEach((frequency, i) => {
    const wavelength = 2 * Math.PI / frequency;
    const ratio = scaled[i]! / frequency;
    if (wavelength < 8192 / 4) assert.equal(ratio, 1);
    else if (wavelength > 8192) assert.equal(ratio, 1 / 8);
    else assert.ok(ratio > 1 / 8 && ratio < 1);
  });
  assert.ok(scaled.every((frequency, i) => i === 0 || frequency < scaled[i - 1]!), "decreasing");
});
