import type { Architecture } from "./architecture.ts";
import type { Builder } from "./builder.ts";
import { attention } from "./ops/attention.ts";
import { embedding } from "./ops/embedding.ts";
import { rmsnorm } from "./ops/norm.ts";
import { rope } from "./ops/rope.ts";
import { swiglu } from "./ops/swiglu.ts";
import { type Lora, storedLoraOf } from "./lora.ts";
import { LAYOUT, storedBytes } from "./formats.ts";
import { input } from "./inputs.ts";
import type { WeightFormat } from "../domain/recipe.ts";
import { type Parameter, type StoredParameter, storedParametersOf } from "./parameters.ts";
import { columnsOf, type Extent, type Op, SPAN_UNIT, symbol, type Tensor } from "./plan.ts";
import { project as projected, type Projected } from "./projection.ts";

/** Parameters of a model, by the name they are stored under. */
export interface Weights {
  readonly tensor: (name: string) => Tensor;
  /** The parameters that the stored one of this name holds, first to last; null if there is none. */
  readonly parts: (name: string) => ReadonlyArray<Parameter> | null;
}

/** What programs must know of a model, such as how its matrices are stored and which adapters they have. */
export interface ModelForm {
  readonly architecture: Architecture;
  readonly format: WeightFormat;
  readonly lora: Lora | null;
  /** Maximum bytes of a weight that one op can reach. */
  readonly bindingBytes: number;
  /** Whether products of few rows compute the adapters of their base, to save dispatches. @default {false} */
  readonly fewDispatches?: boolean;
}

/**
 * How a parameter is stored in a model of this format. Vectors are f32. Embeddings keep at least 16 bits, since their
 * errors would affect every token and logit.
 */
export function formatOf({ shape, kind }: Parameter, format: WeightFormat): WeightFormat {
  if (shape.length < 2) return "f32";
  return kind === "embedding" && LAYOUT[format].run > 2 ? "bf16" : format;
}

/** Declares every parameter; adapters are f32. */
export function declareWeights(b: Builder, model: ModelForm): Weights {
  const { architecture, lora, bindingBytes } = model;
  const declare = (parameter: StoredParameter, stored: WeightFormat) => {
    const { name, rows, cols } = parameter;
    const format = formatOf(parameter, stored);
    const unit = storedBytes(format, SPAN_UNIT * cols);
    const reach = storedBytes(format, rows * cols) <= bindingBytes
      ? {}
      : { reach: Math.max(1, Math.floor(bindingBytes / unit)) * SPAN_UNIT };
    return [name, { ...b.tensor(name, rows, cols, { role: "weight", format }), ...reach }] as const;
  };
  const adapters = lora === null ? [] : storedLoraOf(architecture, lora);
  const stored = storedParametersOf(architecture);
  const parts = new Map([...stored, ...adapters].map((one) => [one.name, one.parts]));
  const tensors = new Map([
    ...stored.map((parameter) => declare(parameter, model.format)),
    ...adapters.map((parameter) => declare(parameter, "f32")),
  ]);
  return {
    tensor: (name) => {
      const tensor = tensors.get(name);
      if (tensor === undefined) throw new Error(`The architecture has no parameter ${name}`);
      return tensor;
    },
    parts: (name) => parts.get(name) ?? null,
  };
}

/**
 * What a forward pass is for. `training` and `scoring` read the keys and values of the batch itself; `training` also
 * keeps what its backward pass needs. `prefill`, `short prefill` (few rows) and `decoding` write to a cache that
 * outlives the run, and read from it. Queries of one sequence are neighbours, except in `decoding`, where each row is a
 * sequence of its own.
 */
export type Pass = "training" | "scoring" | "prefill" | "short prefill" | "decoding";

/** Number of slots of the key/value cache. */
export const CACHE_SLOTS = symbol("M");

/** The residual stream after the last layer, and the ops and the output of each layer. */
export interface Decoded {
  /** (N,C), before {@link lastNorm}. */
  readonly x: Tensor;
  readonly layers: ReadonlyArray<{ readonly ops: ReadonlyArray<Op>; readonly output: Tensor }>;
}

/** The layers of a model for N packed tokens. */
export function decoderForward(
  b: Builder,
  model: ModelForm,
  weights: Weights,
  pass: Pass,
  tokens: Extent,
): Decoded {
  const ids = input(b, "ids");
  let x = embedding(b, ids, weights.tensor("model.embed_tokens.weight"));
  const layers = Array.from({ length: model.architecture.layers }, (_, layer) => {
    const start = b.ops.length;
    x = decoderLayer(b, model, weights, pass, { layer, x, tokens });
    return { ops: b.ops.slice(start), output: x };
  });
  return { x, layers };
}

/** The norm between the last layer and the head. */
export function lastNorm(a: Architecture, weights: Weights) {
  return { _tag: "Norm", weight: weights.tensor("model.norm.weight"), eps: a.normEps } as const;
}

function decoderLayer(
  b: Builder,
  model: ModelForm,
  weights: Weights,
  pass: Pass,
  at: { readonly layer: number; readonly x: Tensor; readonly tokens: Extent },
): Tensor {
  const a = model.architecture;
  // With few rows the number of dispatches limits the speed, so products compute the norms and gates that they read.
  const isFused = pass === "decoding" || pass === "short prefill";
  const module = (name: string) => `model.layers.${at.layer}.${name}`;
  const project = (name: string, x: Tensor, options: Omit<Projected, "module" | "x">) =>
    projected(b, model, weights, { module: module(name), x, isFused, ...options });
  const projectNormed = (name: string, x: Tensor, norm: string, biased: boolean) => {
    const weight = weights.tensor(`${module(norm)}.weight`);
    return isFused
      ? project(name, x, { biased, from: { _tag: "Norm", weight, eps: a.normEps } })
      : project(name, rmsnorm(b, x, weight, a.normEps), { biased });
  };
  const qkv = projectNormed("self_attn.qkv_proj", at.x, "input_layernorm", a.queryKeyValueBias);
  const attended = attentionBlock(b, a, weights, pass, { ...at, projected: qkv });
  const middle = project("self_attn.o_proj", attended, { biased: a.outputBias, residual: at.x });
  const gateUp = projectNormed(
    "mlp.gate_up_proj",
    middle,
    "post_attention_layernorm",
    a.feedForwardBias,
  );
  const down = { biased: a.feedForwardBias, residual: middle };
  return isFused
    ? project("mlp.down_proj", gateUp, { ...down, from: { _tag: "SwiGlu" } })
    : project("mlp.down_proj", swiglu(b, gateUp), down);
}

function attentionBlock(
  b: Builder,
  a: Architecture,
  weights: Weights,
  pass: Pass,
  at: { readonly layer: number; readonly projected: Tensor; readonly tokens: Extent },
): Tensor {
  const shape = { heads: a.heads, keyValueHeads: a.keyValueHeads, headDim: a.headDim };
  const [queryCols, keyCols] = [a.heads * a.headDim, a.keyValueHeads * a.headDim];
  const normed = (name: string, x: Tensor) =>
    a.queryKeyNorm
      ? rmsnorm(
        b,
        x,
        weights.tensor(`model.layers.${at.layer}.self_attn.${name}.weight`),
        a.normEps,
      )
      : x;
  const places = {
    positions: input(b, "positions"),
    angles: b.tensor("rope", symbol("P"), a.headDim, { role: "state" }),
    queries: input(b, "queries"),
  };
  const isCached = pass !== "training" && pass !== "scoring";
  const keyValue = !isCached
    ? b.scratch("key_value", at.tokens, 2 * keyCols)
    : cacheTensor(b, a, at.layer);
  const inputs = {
    query: normed("q_norm", columnsOf(at.projected, 0, queryCols)),
    key: normed("k_norm", columnsOf(at.projected, queryCols, keyCols)),
    value: columnsOf(at.projected, queryCols + keyCols, keyCols),
  };
  const query = rope(b, inputs, places, keyValue, shape);
  const keys = pass === "training"
    ? {
      table: input(b, "keys"),
      parts: input(b, "key_parts"),
      tiles: input(b, "key_tiles"),
    }
    : null;
  const tiles = pass === "decoding" ? null : input(b, "tiles");
  return attention(b, { query, keyValue, queries: places.queries, tiles, keys }, shape);
}

/** The cache of a layer, (M, 2 keyValueHeads D): keys, then values, of each slot. */
export function cacheTensor(b: Builder, a: Architecture, layer: number): Tensor {
  const cols = 2 * a.keyValueHeads * a.headDim;
  return b.tensor(`cache ${layer}`, CACHE_SLOTS, cols, { role: "state" });
}

/** The output head's weight: the embedding when tied. */
export function headWeight(architecture: Architecture, weights: Weights): Tensor {
  return weights.tensor(architecture.tied ? "model.embed_tokens.weight" : "lm_head.weight");
}
