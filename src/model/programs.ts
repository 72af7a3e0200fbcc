import { createGradients, dependents, deriveBackward, gradientName } from "./backward.ts";
import { type Builder, createBuilder } from "./builder.ts";
import {
  cacheTensor,
  declareWeights,
  decoderForward,
  headWeight,
  lastNorm,
  type ModelForm,
  type Pass,
  type Weights,
} from "./decoder.ts";
import { cacheCopy } from "./ops/cache.ts";
import { HEAD_INPUTS, input, PASS_INPUTS } from "./inputs.ts";
import { PACKED_INPUTS } from "./packing.ts";
import { gatherRows } from "./ops/gather.ts";
import { headBackward, headForward, headForwardKept, type HeadTensors } from "./ops/head.ts";
import { rmsnorm } from "./ops/norm.ts";
import { againName, type Recompute, repeatLayer } from "./recompute.ts";
import { storedLoraOf } from "./lora.ts";
import { type StoredParameter, storedParametersOf } from "./parameters.ts";
import { type Op, type Program, programOf, symbol, symbols, type Tensor } from "./plan.ts";

/*
 * Five programs made of the same ops. Their symbols:
 * N tokens of a pass, R rows that predict a token, U distinct token ids,
 * Q rows of the query table, K rows of the key table, queryTiles and keyTiles,
 * S the most tokens that attend to one token,
 * M slots of the cache, C copied slots, P positions of the rotary table.
 * Scalars: inverseTemperature, and those of AdamW.
 */

/** The trained parameters of a model: those of its adapters if it has any, else all. */
export function trainedParametersOf(
  { architecture, lora }: ModelForm,
): ReadonlyArray<StoredParameter> {
  return lora === null ? storedParametersOf(architecture) : storedLoraOf(architecture, lora);
}

/** (N,C) hidden states after the last norm. */
function hiddenStates(b: Builder, model: ModelForm, weights: Weights, pass: Pass): Tensor {
  return normed(b, model, weights, decoderForward(b, model, weights, pass, symbol("N")).x);
}

function normed(b: Builder, model: ModelForm, weights: Weights, x: Tensor): Tensor {
  const { weight, eps } = lastNorm(model.architecture, weights);
  return rmsnorm(b, x, weight, eps);
}

/** The rows that predict a token. Only the backward pass needs `inverse`. */
function selectRows(b: Builder, hidden: Tensor, inverse: Tensor | null): HeadTensors["x"] {
  return gatherRows(b, hidden, input(b, "row_index"), inverse);
}

function headOf(b: Builder, model: ModelForm, weights: Weights, x: Tensor): HeadTensors {
  const { architecture, fewDispatches = false } = model;
  return {
    x,
    weight: headWeight(architecture, weights),
    fewDispatches,
    targets: input(b, "targets"),
    inverseTemperature: symbol("inverseTemperature"),
  };
}

const GRADIENT_INPUTS = [...PACKED_INPUTS, "d_head"] as const;

/**
 * `forward` gives log-probs and entropies of a packed batch. The host then computes the loss and writes `d_head`, from
 * which `backward` adds gradients to the engine's. Gradients have the same bits whatever is recomputed.
 */
export function gradientProgram(
  model: ModelForm,
  recompute: Recompute = "none",
): Program<"forward" | "backward", typeof GRADIENT_INPUTS[number]> {
  const b = createBuilder();
  const trainable = new Set(trainedParametersOf(model).map(({ name }) => name));
  const weights = declareWeights(b, model);
  const { x: last, layers } = decoderForward(b, model, weights, "training", symbol("N"));
  const layersEnd = b.ops.length;
  const hidden = normed(b, model, weights, last);
  const x = selectRows(b, hidden, input(b, "row_inverse"));
  const decoder = [...b.ops];
  const head = headOf(b, model, weights, x);
  const kept = headForwardKept(b, head);
  const forward = [...b.ops];
  const needed = dependents(decoder, trainable);
  const ofAll = new Set([...needed, ...[...needed].map(againName)]);
  const gradients = createGradients(b, ofAll, model.fewDispatches);
  const dHead = input(b, "d_head");
  const weight = head.weight;
  const dWeight = trainable.has(weight.name)
    ? b.tensor(gradientName(weight.name), weight.rows, weight.cols, { role: "gradient" })
    : null;
  gradients.contribute(x, (dx) => headBackward(b, head, kept, { dHead, dx, dWeight }));
  deriveBackward(b, decoder.slice(layersEnd), gradients);
  for (const { ops, output } of layers.toReversed()) {
    const seen = recompute === "layer" ? repeatLayer(b, ops, output) : ops;
    deriveBackward(b, seen, gradients);
  }
  const beforeLayers = layersEnd - layers.reduce((sum, { ops }) => sum + ops.length, 0);
  deriveBackward(b, decoder.slice(0, beforeLayers), gradients);
  const phases = { forward, backward: b.ops.slice(forward.length) };
  return programOf("gradient", phases, GRADIENT_INPUTS);
}

/** What the host writes before a pass that gives log-probs. */
export const LOG_PROB_INPUTS = [...PASS_INPUTS, ...HEAD_INPUTS] as const;

/** Log-probs and entropies of a packed batch: the forward pass of `gradientProgram` alone. */
export function logProbProgram(
  model: ModelForm,
): Program<"forward", typeof LOG_PROB_INPUTS[number]> {
  const b = createBuilder();
  const weights = declareWeights(b, model);
  const hidden = hiddenStates(b, model, weights, "scoring");
  const x = selectRows(b, hidden, null);
  headForward(b, headOf(b, model, weights, x));
  return programOf("log_prob", { forward: b.ops }, LOG_PROB_INPUTS);
}

/** Up to this many rows, `fillFew` is used: dispatches then cost more than products. It has the kernels of decoding. */
export const FEW_ROWS = 64;

const CACHE_INPUTS = [...PASS_INPUTS, ...HEAD_INPUTS, "pairs"] as const;

/** The phases of the cache program. */
export type CachePhase = "fill" | "fillFew" | "score" | "copy";

/**
 * `fill` (many tokens) and `fillFew` write keys and values of N tokens to the cache. `score` also gives log-probs of R
 * of them: it scores probes appended to cached contexts. `copy` copies C slots of the cache to others.
 */
export function cacheProgram(
  model: ModelForm,
): Program<CachePhase, typeof CACHE_INPUTS[number]> {
  const b = createBuilder();
  const { architecture } = model;
  const weights = declareWeights(b, model);
  const phaseOf = (push: () => void) => {
    const start = b.ops.length;
    push();
    return b.ops.slice(start);
  };
  const fillBy = (pass: Pass) =>
    writers(phaseOf(() => decoderForward(b, model, weights, pass, symbol("N"))));
  const [fill, fillFew] = [fillBy("prefill"), fillBy("short prefill")];
  const score = phaseOf(() => {
    const x = selectRows(b, hiddenStates(b, model, weights, "prefill"), null);
    headForward(b, headOf(b, model, weights, x));
  });
  const copy = phaseOf(() => {
    const pairs = input(b, "pairs");
    for (let layer = 0; layer < architecture.layers; layer++) {
      cacheCopy(b, pairs, cacheTensor(b, architecture, layer));
    }
  });
  return programOf("cache", { fill, fillFew, score, copy }, CACHE_INPUTS);
}

/** The ops that state depends on. Of the last layer, these are only the ops that make its keys and values. */
function writers(ops: ReadonlyArray<Op>): ReadonlyArray<Op> {
  const needed = new Set<string>();
  const kept = ops.toReversed().filter(({ inputs, outputs }) => {
    const isKept = outputs.some(({ role, name }) => role === "state" || needed.has(name));
    if (isKept) { for (const { name } of inputs) needed.add(name); }
    return isKept;
  });
  return kept.toReversed();
}

/** Settings of AdamW that are the same for every step. */
export interface AdamW {
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly weightDecay: number;
  /** What decays: matrices, which include embeddings and adapter factors, or norms and biases too. */
  readonly decayed: "matrices" | "all";
}

/** The decay of one parameter. */
function decayOf({ kind }: StoredParameter, { weightDecay, decayed }: AdamW): number {
  const isVector = kind === "norm" || kind === "bias";
  return isVector && decayed === "matrices" ? 0 : weightDecay;
}

/** Elements whose squares make one partial sum of the gradient norm. */
export const SQUARES_BLOCK = 4096;

/**
 * Partial sums of squares of every gradient (`norm`), then AdamW with `gradientScale` on all of them (`apply`).
 * Scalars: learningRate, gradientScale, correction1 = 1 - beta1^t, correction2 = 1 - beta2^t.
 */
export function updateProgram(model: ModelForm, adamw: AdamW): Program<"norm" | "apply", never> {
  const b = createBuilder();
  const weights = declareWeights(b, model);
  const trained = trainedParametersOf(model);
  const like = (name: string, w: Tensor, role: "gradient" | "state") =>
    b.tensor(name, w.rows, w.cols, { role });
  for (const { name, rows, cols } of trained) {
    const gradient = like(gradientName(name), weights.tensor(name), "gradient");
    const elements = rows * cols;
    const blocks = Math.ceil(elements / SQUARES_BLOCK);
    const sums = b.tensor(squaresName(name), blocks, 1, { role: "output" });
    b.push("sum_squares", { x: gradient, sums }, { elements });
  }
  const squares = [...b.ops];
  const { beta1, beta2, eps } = adamw;
  for (const parameter of trained) {
    const { name, rows, cols } = parameter;
    const weight = weights.tensor(name);
    const gradient = like(gradientName(name), weight, "gradient");
    const [m, v] = [like(`m ${name}`, weight, "state"), like(`v ${name}`, weight, "state")];
    b.push("adamw_update", { gradient, w: weight, m, v }, {
      elements: rows * cols,
      beta1,
      beta2,
      eps,
      weightDecay: decayOf(parameter, adamw),
      ...symbols("learningRate", "gradientScale", "correction1", "correction2"),
    });
  }
  return programOf("update", { norm: squares, apply: b.ops.slice(squares.length) }, []);
}

/** The output of `updateProgram` that holds the partial sums of a parameter's squared gradient. */
export function squaresName(parameter: string): string {
  return `squares ${parameter}`;
}
