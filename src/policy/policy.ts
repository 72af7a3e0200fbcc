import { Context, type Effect, type Result } from "effect";
import type { BadInput, KernelFailed, ServerFailed } from "../domain/errors.ts";
import type { RandomKey } from "../math/threefry.ts";
import type { Adapter } from "../model/engine.ts";
import type { Sampling } from "../model/decode.ts";

/** A context to continue. Arguments and results of policy and learner survive structuredClone. */
export interface GenerateRequest {
  /** Name of the sequence whose keys and values may be kept between calls, such as an episode's id. */
  readonly sequence: string;
  /** The whole context, at least one token. */
  readonly tokens: Uint32Array;
  /** Draw k of this call is a pure function of the key and k. */
  readonly key: RandomKey;
  readonly maxTokens: number;
}

/** What was sampled. */
export interface Generation {
  /** The new tokens, the stop token included. */
  readonly tokens: Uint32Array;
  /** Log-probs of softmax(logits / temperature) over the whole vocabulary, before any truncation. */
  readonly logProbs: Float64Array;
  /** Whether a stop token ended it, rather than the limit. */
  readonly stopped: boolean;
}

/** How tokens are drawn and where a message ends. */
export interface GenerateOptions {
  readonly sampling: Sampling;
  readonly stopIds: ReadonlyArray<number>;
}

/** A teacher-forced answer appended at several boundaries of one context. */
export interface BeliefRequest {
  readonly sequence: string;
  readonly tokens: Uint32Array;
  /** Context lengths at which `probe` is appended, each at most `tokens.length`. */
  readonly boundaries: ReadonlyArray<number>;
  /** Probe tokens; the answer is `[start, end)`, start >= 1. */
  readonly probe: { readonly ids: Uint32Array; readonly start: number; readonly end: number };
}

/** Tokens of a sequence whose log-probs are asked for: `position` p >= 1 is predicted from the tokens before p. */
export interface TokenRows {
  readonly tokens: Uint32Array;
  readonly position: Uint32Array;
}

/** Log-prob and entropy (nats) at each asked position. */
export interface TokenLogProbs {
  readonly logProb: Float64Array;
  readonly entropy: Float64Array;
}

/** A language model that can be sampled and asked for probabilities. */
export class Policy extends Context.Service<Policy, {
  readonly adapter: Adapter;
  /**
   * Samples one message for each context. Calls share the device: a request of one call takes a row where a message of
   * another has ended. No result depends on other requests or on timing.
   */
  readonly generate: (
    requests: ReadonlyArray<GenerateRequest>,
    options: GenerateOptions,
  ) => Effect.Effect<ReadonlyArray<Generation>, KernelFailed | ServerFailed>;
  /**
   * (boundaries, answer tokens) log-probs of the answer at each boundary, temperature 1, for each request. Where the
   * context is cached, one pass computes only probe tokens, and the cached context does not change.
   */
  readonly beliefs: (
    requests: ReadonlyArray<BeliefRequest>,
  ) => Effect.Effect<ReadonlyArray<ReadonlyArray<Float64Array>>, KernelFailed>;
  /** The same by one whole forward pass for each boundary: the definition, and the test oracle of `beliefs`. */
  readonly beliefsSequential: (
    requests: ReadonlyArray<BeliefRequest>,
  ) => Effect.Effect<ReadonlyArray<ReadonlyArray<Float64Array>>, KernelFailed>;
  readonly logProbs: (
    sequences: ReadonlyArray<TokenRows>,
    temperature: number,
  ) => Effect.Effect<ReadonlyArray<TokenLogProbs>, KernelFailed>;
  /** Says that no more messages of a sequence will be asked for: its cached keys and values are evicted first. */
  readonly retire: (sequence: string) => void;
  /** Forgets all kept keys and values; no call may be in progress. */
  readonly release: () => void;
}>()("igpo/policy/Policy") {}

/** dLoss/dLogProb and dLoss/dEntropy at each asked position of a sequence. */
export interface LossGradient {
  readonly dLogProb: Float64Array;
  readonly dEntropy: Float64Array;
}

/** The slopes of the loss of sequence `index`, with whatever else the caller wants back. */
export type SequenceLoss<L extends LossGradient = LossGradient> = (
  index: number,
  found: TokenLogProbs,
) => L;

/** Where a number stopped being finite. */
export interface NonFinite {
  readonly op: string;
  /** Sequence of the batch, or -1 when unknown. */
  readonly sequence: number;
  /** Token of the sequence, or -1 when unknown. */
  readonly token: number;
}

/** What one AdamW update did. */
export interface UpdateReport {
  /** L2 norm of the gradient before clipping. */
  readonly gradientNorm: number;
  /** False when the gradient was not finite: nothing was changed. */
  readonly applied: boolean;
}

/** Everything that decides what a learner does next. */
export interface LearnerState {
  readonly updates: number;
  readonly weights: ReadonlyMap<string, Float32Array>;
  /** AdamW's first and second moments. */
  readonly moments: ReadonlyMap<string, { readonly m: Float32Array; readonly v: Float32Array }>;
}

/** Trained weights, and the number of updates that they have seen. */
export type PolicyWeights = Pick<LearnerState, "updates" | "weights">;

/** A policy whose weights can be trained. */
export class Learner extends Context.Service<Learner, {
  /** Number of updates that were applied to the weights. */
  readonly version: () => number;
  /**
   * Clears the gradient, then adds that of the loss over all sequences. Returns what `loss` returned for each sequence,
   * or where a number of the forward pass or of the loss was not finite.
   */
  readonly gradient: <L extends LossGradient>(
    sequences: ReadonlyArray<TokenRows>,
    temperature: number,
    loss: SequenceLoss<L>,
  ) => Effect.Effect<Result.Result<ReadonlyArray<L>, NonFinite>, KernelFailed>;
  /** Computes such a gradient once more, op by op, and returns the first op whose result is not finite. */
  readonly findNonFinite: (
    sequences: ReadonlyArray<TokenRows>,
    temperature: number,
    loss: SequenceLoss,
  ) => Effect.Effect<NonFinite | null, KernelFailed>;
  /** Tokens of a pass of `gradient`, which decide how its sums are rounded. */
  readonly passTokens: number;
  /** The gradient that `gradient` left, by parameter. */
  readonly readGradient: () => Effect.Effect<LearnerState["weights"], KernelFailed>;
  /** Makes a gradient the one that `update` applies. */
  readonly writeGradient: (gradient: LearnerState["weights"]) => Effect.Effect<void>;
  readonly update: (options: {
    readonly learningRate: number;
    readonly clipNorm: number | null;
  }) => Effect.Effect<UpdateReport, KernelFailed>;
  readonly save: () => Effect.Effect<LearnerState, KernelFailed>;
  readonly load: (state: LearnerState) => Effect.Effect<void, BadInput>;
  /** The trained weights alone: all that another process needs in order to sample and score as this one does. */
  readonly weights: () => Effect.Effect<LearnerState["weights"], KernelFailed>;
  /** Takes over weights and their number of updates; the optimiser's moments stay as they are. */
  readonly adopt: (weights: PolicyWeights) => Effect.Effect<void, BadInput>;
}>()("igpo/policy/Learner") {}
