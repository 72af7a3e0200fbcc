import assert from "node:assert/strict";
import { Result } from "effect";
import { PROJECTIONS } from "../../src/domain/recipe.ts";
import {
  checkLora,
  type Lora,
  loraParametersOf,
  scalingOf,
  storedLoraOf,
} from "../../src/model/lora.ts";
import { readPeftConfig, writePeftConfig } from "../../src/model/peft.ts";
import { TINY } from "../support/tiny_models.ts";

const LORA: Lora = { rank: 4, alpha: 8, rankStabilized: false, targets: new Set(PROJECTIONS) };

Deno.test("scalingOf() is alpha over the rank, or over its root", () => {
  assert.equal(scalingOf(LORA), 2);
  assert.equal(scalingOf({ ...LORA, rank: 16, rankStabilized: true }), 2);
});

Deno.test("loraParametersOf() has two factors for each target, first ones stacked where they read the same", () => {
  const a = TINY.llama;
  const some: Lora = { ...LORA, targets: new Set(["q_proj", "v_proj", "down_proj"]) };
  const first = "model.layers.0";
  assert.deepEqual(
    loraParametersOf({ ...a, layers: 1 }, some).map(({ name, shape }) => [name, ...shape]),
    [
      [`${first}.self_attn.q_proj.lora_A.weight`, 4, 12],
      [`${first}.self_attn.q_proj.lora_B.weight`, 12, 4],
      [`${first}.self_attn.v_proj.lora_A.weight`, 4, 12],
      [`${first}.self_attn.v_proj.lora_B.weight`, 12, 4],
      [`${first}.mlp.down_proj.lora_A.weight`, 4, 16],
      [`${first}.mlp.down_proj.lora_B.weight`, 12, 4],
    ],
  );
  assert.deepEqual(
    storedLoraOf({ ...a, layers: 1 }, some).map(({ name, rows, cols }) => [name, rows, cols]),
    [
      [`${first}.self_attn.qkv_proj.lora_A.weight`, 8, 12],
      [`${first}.self_attn.q_proj.lora_B.weight`, 12, 4],
      [`${first}.self_attn.v_proj.lora_B.weight`, 12, 4],
      [`${first}.mlp.down_proj.lora_A.weight`, 4, 16],
      [`${first}.mlp.down_proj.lora_B.weight`, 12, 4],
    ],
  );
});

const messageOf = (found: Result.Result<unknown, Error>) =>
  Result.isFailure(found) ? found.failure.message : "none";

Deno.test("checkLora() refuses what no kernel computes", () => {
  for (const rank of [0, -4, 2, 6, 4.5, 1_000_000]) {
    assert.match(messageOf(checkLora({ ...LORA, rank })), /a multiple of 4 from 4 to 4096: it is/);
  }
  for (const alpha of [0, -1, Infinity, NaN]) {
    assert.match(
      messageOf(checkLora({ ...LORA, alpha })),
      /alpha must be above 0 and at most 1000000: it is/,
    );
  }
  assert.match(messageOf(checkLora({ ...LORA, targets: new Set() })), /one projection or more/);
});

Deno.test("readPeftConfig() reads what writePeftConfig() writes", () => {
  for (const lora of [LORA, { ...LORA, rank: 16, alpha: 3.5, rankStabilized: true }]) {
    const read = readPeftConfig(JSON.parse(JSON.stringify(writePeftConfig(lora, "a/base"))));
    assert.deepEqual(Result.getOrThrow(read), lora);
  }
  const all = { ...writePeftConfig(LORA, "a/base"), target_modules: "all-linear" };
  assert.deepEqual(Result.getOrThrow(readPeftConfig(all)), LORA);
});

Deno.test("readPeftConfig() refuses adapters of another kind and says which field", () => {
  const config = writePeftConfig(LORA, "a/base");
  for (
    const [field, value, says] of [
      ["peft_type", "IA3", /peft_type must be "LORA": adapter_config.json says "IA3"/],
      ["bias", "all", /bias must be "none"/],
      ["use_dora", true, /use_dora must be false/],
      ["modules_to_save", ["lm_head"], /modules_to_save must be null/],
      ["rank_pattern", { q_proj: 8 }, /one rank and alpha, rank_pattern none/],
      ["target_modules", ["q_proj", "lm_head"], /target_modules must be a list of q_proj/],
      ["target_modules", ".*proj", /target_modules must be a list of/],
      ["r", "4", /r and lora_alpha must be numbers/],
      ["r", 6, /multiple of 4 from 4 to 4096: it is 6/],
    ] as const
  ) {
    assert.match(messageOf(readPeftConfig({ ...config, [field]: value })), says, field);
  }
  assert.match(messageOf(readPeftConfig([1])), /must be a JSON record/);
});
