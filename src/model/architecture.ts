import { Result, Schema } from "effect";
import { decodeInput, isRecord } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import { quote, shorten } from "../domain/quote.ts";

/** Rotary position embedding (RoPE); `scaling` is that of Llama 3, which depends on the wavelength. */
export interface Rope {
  readonly base: number;
  readonly scaling: null | {
    readonly factor: number;
    readonly lowFrequencyFactor: number;
    readonly highFrequencyFactor: number;
    readonly originalPositions: number;
  };
}

/** A decoder-only transformer of the Llama line: RMSNorm, rotary grouped-query attention, SwiGLU. */
export interface Architecture {
  readonly family: "qwen2" | "qwen3" | "llama";
  readonly vocabulary: number;
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
  readonly feedForward: number;
  readonly normEps: number;
  readonly rope: Rope;
  /** The output head is the embedding matrix. */
  readonly tied: boolean;
  /** Bias on q, k, v. */
  readonly queryKeyValueBias: boolean;
  /** Bias on o. */
  readonly outputBias: boolean;
  readonly feedForwardBias: boolean;
  /** RMSNorm of each head's query and key (Qwen3). */
  readonly queryKeyNorm: boolean;
  readonly maxPositions: number;
}

/** Heads that share keys and values. */
export function headGroup({ heads, keyValueHeads }: Architecture): number {
  return heads / keyValueHeads;
}

const positive = Schema.Int.check(Schema.isGreaterThan(0));
/** A number that f32 holds, and so do its products with others. */
const within = (minimum: number, maximum: number) =>
  Schema.Finite.check(Schema.isBetween({ minimum, maximum }));
const ropeBase = within(1, 1e12);
const factor = within(1e-6, 1e6);
/** Bounded, since the tensors of all layers are listed before the first missing one is found. */
const layerCount = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 }));

const RopeFields = Schema.Struct({
  rope_type: Schema.optionalKey(Schema.String),
  type: Schema.optionalKey(Schema.String),
  rope_theta: Schema.optionalKey(ropeBase),
  factor: Schema.optionalKey(factor),
  low_freq_factor: Schema.optionalKey(factor),
  high_freq_factor: Schema.optionalKey(factor),
  original_max_position_embeddings: Schema.optionalKey(positive),
});

/** The fields of a Hugging Face `config.json` that affect the computation, in the styles before and after v5. */
const HuggingFaceConfig = Schema.Struct({
  model_type: Schema.String,
  vocab_size: positive,
  hidden_size: positive,
  num_hidden_layers: layerCount,
  num_attention_heads: positive,
  num_key_value_heads: Schema.optionalKey(Schema.NullOr(positive)),
  head_dim: Schema.optionalKey(Schema.NullOr(positive)),
  intermediate_size: positive,
  hidden_act: Schema.optionalKey(Schema.String),
  rms_norm_eps: Schema.optionalKey(within(1e-30, 1)),
  rope_theta: Schema.optionalKey(ropeBase),
  rope_scaling: Schema.optionalKey(Schema.NullOr(RopeFields)),
  rope_parameters: Schema.optionalKey(Schema.NullOr(RopeFields)),
  tie_word_embeddings: Schema.optionalKey(Schema.Boolean),
  attention_bias: Schema.optionalKey(Schema.Boolean),
  mlp_bias: Schema.optionalKey(Schema.Boolean),
  use_sliding_window: Schema.optionalKey(Schema.Boolean),
  max_position_embeddings: Schema.optionalKey(positive),
  quantization_config: Schema.optionalKey(Schema.Unknown),
});

type HuggingFaceConfig = typeof HuggingFaceConfig.Type;

/** Reads a `config.json`. Fails with BadInput for a family, activation or rope variant that is not supported. */
export function readArchitecture(config: unknown): Result.Result<Architecture, BadInput> {
  const fields = decodeInput(HuggingFaceConfig, config, "Cannot read config.json as");
  if (Result.isFailure(fields)) return Result.fail(fields.failure);
  const problem = unsupported(fields.success);
  return problem === null ? Result.succeed(toArchitecture(fields.success)) : refuse(problem);
}

function refuse(message: string): Result.Result<never, BadInput> {
  return Result.fail(new BadInput({ message }));
}

const families: Readonly<Record<string, Architecture["family"]>> = {
  qwen2: "qwen2",
  qwen3: "qwen3",
  llama: "llama",
};

function unsupported(c: HuggingFaceConfig): string | null {
  const rule = (what: string, value: string) =>
    `Cannot load the model as ${what}: current value is ${value}`;
  if (!Object.hasOwn(families, c.model_type)) {
    return rule("model_type must be qwen2, qwen3 or llama", quote(c.model_type));
  }
  if (c.quantization_config !== undefined && c.quantization_config !== null) {
    const named = c.quantization_config;
    const method = isRecord(named) ? named["quant_method"] : undefined;
    return `Cannot load the model as its weights are quantised (${
      typeof method === "string" ? shorten(method) : "by a method unnamed"
    }) and ` +
      `must be F32, F16 or BF16: save it so, in transformers by model.dequantize(), and let ` +
      `--weights int8, int4 or nf4 quantise it when it is loaded`;
  }
  if ((c.hidden_act ?? "silu") !== "silu") {
    return rule("hidden_act must be silu", quote(c.hidden_act));
  }
  if (c.use_sliding_window === true) return rule("use_sliding_window must be false", "true");
  const scaling = ropeFields(c);
  const type = scaling?.rope_type ?? scaling?.type ?? "default";
  if (type !== "default" && type !== "llama3") {
    return rule("rope_type must be default or llama3", quote(type));
  }
  return unsupportedShape(c, rule);
}

function unsupportedShape(
  c: HuggingFaceConfig,
  rule: (what: string, value: string) => string,
): string | null {
  const headDim = c.head_dim ?? c.hidden_size / c.num_attention_heads;
  const keyValueHeads = c.num_key_value_heads ?? c.num_attention_heads;
  for (const [name, value] of [["hidden_size", c.hidden_size], ["head_dim", headDim]] as const) {
    if (value % 4 !== 0) return rule(`${name} must be a multiple of 4`, String(value));
  }
  if (c.intermediate_size % 4 !== 0) {
    return rule("intermediate_size must be a multiple of 4", String(c.intermediate_size));
  }
  if (c.num_attention_heads % keyValueHeads !== 0) {
    return rule(
      "num_attention_heads must be a multiple of num_key_value_heads",
      `${c.num_attention_heads} and ${keyValueHeads}`,
    );
  }
  return null;
}

function ropeFields(c: HuggingFaceConfig): typeof RopeFields.Type | null {
  return c.rope_parameters ?? c.rope_scaling ?? null;
}

function toArchitecture(c: HuggingFaceConfig): Architecture {
  const family = families[c.model_type]!;
  return {
    family,
    vocabulary: c.vocab_size,
    hidden: c.hidden_size,
    layers: c.num_hidden_layers,
    heads: c.num_attention_heads,
    keyValueHeads: c.num_key_value_heads ?? c.num_attention_heads,
    headDim: c.head_dim ?? c.hidden_size / c.num_attention_heads,
    feedForward: c.intermediate_size,
    normEps: c.rms_norm_eps ?? 1e-6,
    rope: toRope(c),
    tied: c.tie_word_embeddings ?? false,
    queryKeyValueBias: family === "qwen2" || c.attention_bias === true,
    outputBias: family !== "qwen2" && c.attention_bias === true,
    feedForwardBias: family === "llama" && c.mlp_bias === true,
    queryKeyNorm: family === "qwen3",
    maxPositions: c.max_position_embeddings ?? 2048,
  };
}

function toRope(c: HuggingFaceConfig): Rope {
  const fields = ropeFields(c);
  const llama3 = (fields?.rope_type ?? fields?.type) === "llama3";
  return {
    base: fields?.rope_theta ?? c.rope_theta ?? 10_000,
    scaling: fields === null || !llama3 ? null : {
      factor: fields.factor ?? 1,
      lowFrequencyFactor: fields.low_freq_factor ?? 1,
      highFrequencyFactor: fields.high_freq_factor ?? 4,
      originalPositions: fields.original_max_position_embeddings ?? c.max_position_embeddings ??
        2048,
    },
  };
}

/** The `config.json` of a model that this project made, with the field names of published checkpoints. */
export function writeConfig(architecture: Architecture): Record<string, unknown> {
  const a = architecture;
  const name = { qwen2: "Qwen2", qwen3: "Qwen3", llama: "Llama" }[a.family];
  return {
    architectures: [`${name}ForCausalLM`],
    model_type: a.family,
    vocab_size: a.vocabulary,
    hidden_size: a.hidden,
    num_hidden_layers: a.layers,
    num_attention_heads: a.heads,
    num_key_value_heads: a.keyValueHeads,
    head_dim: a.headDim,
    intermediate_size: a.feedForward,
    hidden_act: "silu",
    rms_norm_eps: a.normEps,
    rope_theta: a.rope.base,
    rope_scaling: a.rope.scaling === null ? null : {
      rope_type: "llama3",
      factor: a.rope.scaling.factor,
      low_freq_factor: a.rope.scaling.lowFrequencyFactor,
      high_freq_factor: a.rope.scaling.highFrequencyFactor,
      original_max_position_embeddings: a.rope.scaling.originalPositions,
    },
    tie_word_embeddings: a.tied,
    ...(a.family === "qwen2" ? {} : { attention_bias: a.queryKeyValueBias }),
    ...(a.family === "llama" ? { mlp_bias: a.feedForwardBias } : {}),
    max_position_embeddings: a.maxPositions,
    torch_dtype: "float32",
  };
}
