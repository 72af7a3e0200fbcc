/** Adapters as PEFT writes them: `adapter_config.json` and the names in `adapter_model.safetensors`. */
import { Result } from "effect";
import { isRecord } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import { quote } from "../domain/quote.ts";
import { PROJECTIONS } from "../domain/recipe.ts";
import { checkLora, type Lora, type Projection } from "./lora.ts";

/** The prefix that PEFT adds to the name that a factor has here. */
export const PEFT_PREFIX = "base_model.model.";

/** Fields that change what an adapter computes, and the values that stand for plain LoRA. */
const PLAIN: Readonly<Record<string, ReadonlyArray<unknown>>> = {
  peft_type: ["LORA"],
  bias: ["none"],
  lora_bias: [false],
  use_dora: [false],
  use_qalora: [false],
  use_bdlora: [false],
  fan_in_fan_out: [false],
  modules_to_save: [null],
  layers_to_transform: [null],
  layer_replication: [null],
  target_parameters: [null],
  trainable_token_indices: [null],
  exclude_modules: [null],
};

const refused = (rule: string, value: unknown) =>
  Result.fail(
    new BadInput({
      message: `Cannot load the adapter as ${rule}: adapter_config.json says ${quote(value)}`,
    }),
  );

/** Reads `adapter_config.json`. Fails for anything but plain LoRA. Ignores dropout, which only training uses. */
export function readPeftConfig(config: unknown): Result.Result<Lora, BadInput> {
  if (!isRecord(config)) return refused("its configuration must be a JSON record", config);
  for (const [field, plain] of Object.entries(PLAIN)) {
    const value = config[field] ?? plain[0];
    const isPlain = plain.includes(value) || Array.isArray(value) && value.length === 0;
    if (!isPlain) return refused(`${field} must be ${JSON.stringify(plain[0])}`, value);
  }
  for (const field of ["rank_pattern", "alpha_pattern"]) {
    const value = config[field] ?? {};
    if (!isRecord(value) || Object.keys(value).length > 0) {
      return refused(`all its projections must have one rank and alpha, ${field} none`, value);
    }
  }
  const targets = config["target_modules"] === "all-linear"
    ? PROJECTIONS
    : config["target_modules"];
  const isKnown = (name: unknown): name is Projection =>
    PROJECTIONS.some((projection) => projection === name);
  if (!Array.isArray(targets) || !targets.every(isKnown)) {
    return refused(`target_modules must be a list of ${PROJECTIONS.join(", ")}`, targets);
  }
  const [rank, alpha] = [config["r"], config["lora_alpha"]];
  if (typeof rank !== "number" || typeof alpha !== "number") {
    return refused("r and lora_alpha must be numbers", [rank, alpha]);
  }
  const rankStabilized = config["use_rslora"] === true;
  return checkLora({ rank, alpha, rankStabilized, targets: new Set(targets) });
}

/** `adapter_config.json` of adapters of the model called `base`. */
export function writePeftConfig(lora: Lora, base: string): Record<string, unknown> {
  return {
    peft_type: "LORA",
    task_type: "CAUSAL_LM",
    base_model_name_or_path: base,
    r: lora.rank,
    lora_alpha: lora.alpha,
    use_rslora: lora.rankStabilized,
    lora_dropout: 0,
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    modules_to_save: null,
    target_modules: PROJECTIONS.filter((name) => lora.targets.has(name)),
  };
}
