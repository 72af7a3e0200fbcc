import type { Architecture } from "./architecture.ts";
import type { Builder } from "./builder.ts";
import { add, attention, cacheAppend, embedding, linear, rmsnorm, rope, swiglu } from "./ops.ts";
import { parametersOf } from "./parameters.ts";
import { type Extent, type Format, symbol, type Tensor } from "./plan.ts";

/** A tensor of the host: written before a run. */
export function input(b: Builder, name: string, rows: Extent, cols: number, format: Format) {
  return b.tensor(name, rows, cols, { role: "input", format });
}

/** Parameters of a model as tensors, by Hugging Face name. */
export type Weights = (name: string) => Tensor;

/** Declares every parameter; matrices may be stored in 16 bits, vectors are f32. */
export function declareWeights(b: Builder, architecture: Architecture, format: Format): Weights {
  const tensors = new Map(
    parametersOf(architecture).map((p) => [
      p.name,
      b.tensor(p.name, p.rows, p.cols, {
        role: "weight",
        format: p.shape.length === 2 ? format : "f32",
      }),
    ]),
  );
  return (name) => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new Error(`The architecture has no parameter ${name}`);
    return tensor;
  };
}

/** Where the keys and values of a layer come from: the batch itself, or a cache that outlives the run. */
export type KeyValueStore =
  | { readonly _tag: "Batch"; readonly keys: Tensor | null }
  | { readonly _tag: "Cache" };

/** Number of slots of the key/value cache. */
export const CACHE_SLOTS = symbol("M");

/** (N,C) hidden states after the last norm, for N packed tokens. */
export function decoderForward(
  b: Builder,
  architecture: Architecture,
  weights: Weights,
  store: KeyValueStore,
  tokens: Extent,
): Tensor {
  const a = architecture;
  const ids = input(b, "ids", tokens, 1, "u32");
  let x = embedding(b, ids, weights("model.embed_tokens.weight"));
  for (let layer = 0; layer < a.layers; layer++) {
    x = decoderLayer(b, a, weights, store, { layer, x, tokens });
  }
  return rmsnorm(b, x, weights("model.norm.weight"), a.normEps);
}

function decoderLayer(
  b: Builder,
  a: Architecture,
  weights: Weights,
  store: KeyValueStore,
  at: { readonly layer: number; readonly x: Tensor; readonly tokens: Extent },
): Tensor {
  const w = (name: string) => weights(`model.layers.${at.layer}.${name}`);
  const project = (name: string, x: Tensor, bias: boolean) =>
    linear(b, x, w(`${name}.weight`), { bias: bias ? w(`${name}.bias`) : undefined });
  const attended = attentionBlock(b, a, weights, store, {
    ...at,
    x: rmsnorm(b, at.x, w("input_layernorm.weight"), a.normEps),
  });
  const middle = add(b, at.x, project("self_attn.o_proj", attended, a.outputBias));
  const normed = rmsnorm(b, middle, w("post_attention_layernorm.weight"), a.normEps);
  const gate = project("mlp.gate_proj", normed, a.feedForwardBias);
  const up = project("mlp.up_proj", normed, a.feedForwardBias);
  return add(b, middle, project("mlp.down_proj", swiglu(b, gate, up), a.feedForwardBias));
}

function attentionBlock(
  b: Builder,
  a: Architecture,
  weights: Weights,
  store: KeyValueStore,
  at: { readonly layer: number; readonly x: Tensor; readonly tokens: Extent },
): Tensor {
  const w = (name: string) => weights(`model.layers.${at.layer}.self_attn.${name}`);
  const positions = input(b, "positions", at.tokens, 1, "u32");
  const angles = b.tensor("rope", symbol("P"), a.headDim, { role: "state" });
  const queries = input(b, "queries", symbol("Q"), 4, "u32");
  const head = (name: string, norm: string | null) => {
    const bias = a.queryKeyValueBias ? w(`${name}.bias`) : undefined;
    const projected = linear(b, at.x, w(`${name}.weight`), { bias });
    if (norm === null) return projected;
    const normed = a.queryKeyNorm
      ? rmsnorm(b, projected, w(`${norm}.weight`), a.normEps)
      : projected;
    return rope(b, normed, { positions, angles });
  };
  const query = head("q_proj", "q_norm");
  const key = head("k_proj", "k_norm");
  const value = head("v_proj", null);
  const shape = { heads: a.heads, keyValueHeads: a.keyValueHeads, headDim: a.headDim };
  if (store._tag === "Batch") {
    return attention(b, { query, key, value, queries, keys: store.keys }, shape);
  }
  const [keyCache, valueCache] = cacheTensors(b, a, at.layer);
  cacheAppend(b, key, queries, keyCache);
  cacheAppend(b, value, queries, valueCache);
  const cached = { query, key: keyCache, value: valueCache, queries, keys: null };
  return attention(b, cached, shape);
}

/** The key and value cache of a layer, (M, keyValueHeads * D) each. */
export function cacheTensors(b: Builder, a: Architecture, layer: number): [Tensor, Tensor] {
  const cols = a.keyValueHeads * a.headDim;
  return [
    b.tensor(`cache ${layer} key`, CACHE_SLOTS, cols, { role: "state" }),
    b.tensor(`cache ${layer} value`, CACHE_SLOTS, cols, { role: "state" }),
  ];
}

/** The output head's weight: the embedding when tied. */
export function headWeight(architecture: Architecture, weights: Weights): Tensor {
  return weights(architecture.tied ? "model.embed_tokens.weight" : "lm_head.weight");
}
