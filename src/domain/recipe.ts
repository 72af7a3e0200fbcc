import { Schema } from "effect";
import { LIMITS } from "./limits.ts";
import { QUESTION_KINDS, WORLDS } from "./question.ts";

// No sensible count reaches a million; the bound catches typing errors.
const AtLeast = (minimum: number) =>
  Schema.Int.check(Schema.isBetween({ minimum, maximum: 1_000_000 }));
const Positive = Schema.Finite.check(Schema.isGreaterThan(0));
/** A number that f32 holds with room on both sides, so that no product with it overflows or becomes 0. */
const Within = (minimum: number, maximum: number) =>
  Schema.Finite.check(Schema.isBetween({ minimum, maximum }));
const Share = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }));
const Below1 = Schema.Finite.check(
  Schema.isBetween({ minimum: 0, maximum: 1, exclusiveMaximum: true }),
);

/** The projections of a decoder layer, by the names of their modules. */
export const PROJECTIONS = [
  "q_proj",
  "k_proj",
  "v_proj",
  "o_proj",
  "gate_proj",
  "up_proj",
  "down_proj",
] as const;

/** How weights can be stored; docs/numerics.md says how much each format changes log-probs. */
export const WEIGHT_FORMATS = ["f32", "bf16", "f16", "int8", "int4", "nf4"] as const;

/** One of {@link WEIGHT_FORMATS}. */
export type WeightFormat = typeof WEIGHT_FORMATS[number];

/** What a backward pass may recompute instead of keeping it in memory. */
export const RECOMPUTES = ["none", "layer"] as const;

/** Where a text that is too long loses its words. */
export const CUTS = ["left", "middle", "right"] as const;

/** One of {@link CUTS}. */
export type Cut = typeof CUTS[number];

/** Low-rank adapters on some projections of every layer. */
export const LoraSizes = Schema.Struct({
  /** A multiple of 4. */
  rank: Schema.Int.check(Schema.isBetween({ minimum: 4, maximum: LIMITS.loraRank })),
  /** Products of adapters are multiplied by alpha / rank. */
  alpha: Within(1e-6, 1e6),
  /** Whether they are multiplied by alpha / sqrt(rank) instead. */
  rankStabilized: Schema.Boolean,
  targets: Schema.Array(Schema.Literals(PROJECTIONS)),
});

/** A name that is a folder's name, too. */
export const ReportName = Schema.String.check(
  Schema.isPattern(/^[^\p{C}/\\.][^\p{C}/\\]{0,63}$/u, {
    expected: "1 to 64 characters, none a slash or a control character, the first no point",
  }),
);

/** Sizes, lengths and the optimiser of a run: everything but the algorithm, which is in the preset. */
export const Recipe = Schema.Struct({
  /** Its name in reports. */
  name: ReportName,
  /** Rounds of rollout and training; each trains on its own episodes. */
  steps: AtLeast(0),
  /** Questions per step. */
  promptsPerStep: AtLeast(1),
  /** Episodes of each question, G. */
  groupSize: AtLeast(2),
  /** Assistant messages an episode may have. */
  maxTurns: AtLeast(1),
  /** Tokens one message may have. */
  maxNewTokens: AtLeast(1),
  /** Tokens an episode may have, its prompt included. */
  contextTokens: AtLeast(2),
  /** Most tokens in one forward and backward pass, lowered if memory is short; changes speed and memory. */
  microBatchTokens: AtLeast(2),

  /** Sampling of training episodes; evaluation takes the likeliest token. */
  temperature: Within(1e-3, 1e3),
  /** Keeps the smallest set of tokens with at least this total probability; 1 keeps all. */
  topP: Share.check(Schema.isGreaterThan(0)),
  /** Number of likeliest tokens kept; 0 keeps all. */
  topK: AtLeast(0),
  /** Tokens kept have at least this share of the likeliest token's probability; 0 keeps all. */
  minP: Share,

  /** AdamW's learning rate, or the highest one of a schedule. */
  lr: Within(1e-12, 1),
  /** The rate after the warm-up: constant, or falling along a line or half a cosine until the last step. */
  schedule: Schema.Literals(["constant", "linear", "cosine"]),
  /** Steps over which the rate rises to `lr`; 0 for no warm-up. */
  warmupSteps: AtLeast(0),
  /** A falling rate ends at this share of `lr`. */
  minLrRatio: Share,
  beta1: Below1,
  beta2: Below1,
  adamEps: Within(1e-30, 1),
  weightDecay: Share,
  /** Which parameters decay: matrices (including embeddings and adapter factors), or norms and biases too. */
  decayed: Schema.Literals(["matrices", "all"]),
  /** A gradient of larger norm is scaled down to this norm; null for no bound. */
  clipNorm: Schema.NullOr(Within(1e-6, 1e6)),

  /** Passes of training through the episodes of a step; advantages are computed once, before the first pass. */
  ppoEpochs: AtLeast(1),
  /** Updates per pass; each uses the episodes of its own share of the step's questions. */
  miniBatches: AtLeast(1),
  /**
   * Shards of a mini-batch, of whole questions: their gradients are computed apart and summed in order, so that workers
   * of a queue can compute them. How many there are decides how sums are rounded.
   */
  gradientShards: AtLeast(1),

  /** Adapters to train instead of the model's own weights; null for none. */
  lora: Schema.NullOr(LoraSizes),

  /** How untrained matrices are stored on the device; `auto` as in the model's files. */
  weightFormat: Schema.Literals(["auto", ...WEIGHT_FORMATS]),
  /** What the backward pass recomputes; `auto` chooses what fits in memory. Changes only memory and time. */
  recompute: Schema.Literals(["auto", ...RECOMPUTES]),

  /** Lines a search returns for each query. */
  searchTopK: AtLeast(1),
  toolDeadlineSeconds: Within(1e-3, 86_400),
  /** Tokens of a tool's result before it is cut; null for as many as the context holds. */
  maxResultTokens: Schema.NullOr(AtLeast(8)),
  /** Where a result loses what is too much. */
  cutResults: Schema.Literals(CUTS),
  /** Tool calls that run at the same time. */
  toolConcurrency: AtLeast(1),
  /**
   * Share of a step's episodes that is waited for: once they are over, the others are given up where they wait for a
   * tool. Below 1 time decides what is trained on, so that no run can be repeated.
   */
  waitForShare: Share.check(Schema.isGreaterThan(0)),

  /** Embedded world: multiplies the number of things in it. */
  worldScale: Positive,
  /** Embedded world: kinds of questions that are trained on; evaluation uses all kinds. */
  trainKinds: Schema.Array(Schema.Literals(QUESTION_KINDS)).check(Schema.isMinLength(1)),
  /** Embedded world: share of the training questions that get a wrong gold answer, to measure its effect. */
  wrongGolds: Share,
  /** Embedded world: training questions that are drawn. */
  trainQuestions: AtLeast(1),
  /** Questions held out to validate on, and to test on; of files, a quarter each at most. */
  validationQuestions: AtLeast(0),
  testQuestions: AtLeast(0),
  /** Answers to each test question in `./igpo evaluate`: one is greedy, several are drawn as in training. */
  testSamples: AtLeast(1),
  /** Whether `./igpo evaluate` measures beliefs and gains of its answers, as training does. */
  testBeliefs: Schema.Boolean,

  /** Files: tokens that a gold answer may have; a question without such an answer is left out. Null for no bound. */
  maxGoldTokens: Schema.NullOr(AtLeast(1)),
  /** Files: kinds, which are sources, of questions that are kept; null for all. */
  keepKinds: Schema.NullOr(Schema.Array(Schema.NonEmptyString).check(Schema.isMinLength(1))),
  /** Files: hops of questions that are kept, as are questions whose rows tell no hops; null for all. */
  keepHops: Schema.NullOr(Schema.Array(AtLeast(1)).check(Schema.isMinLength(1))),

  /** Steps between evaluations on validation questions; 0 evaluates only before and after the run. */
  evaluateEvery: AtLeast(0),
  /** Steps between checkpoints; 0 keeps the last only. */
  checkpointEvery: AtLeast(0),
  /**
   * Millions of bytes that the episodes in the run's folder may take: as many steps are kept, evenly spread, and as many
   * transcripts of a step, as there is room for. 0 keeps none.
   */
  episodeMegabytes: AtLeast(0),
});

/** Sizes, lengths and the optimiser of a run. */
export type Recipe = typeof Recipe.Type;

/** For the embedded world: 40 steps of 64 episodes take minutes on a CPU and double the starting checkpoint's F1. */
const embedded: Recipe = {
  name: "embedded",
  steps: 40,
  promptsPerStep: 8,
  groupSize: 8,
  maxTurns: 6,
  maxNewTokens: 40,
  contextTokens: 512,
  microBatchTokens: 4096,
  temperature: 1,
  topP: 1,
  topK: 0,
  minP: 0,
  lr: 3e-4,
  schedule: "constant",
  warmupSteps: 0,
  minLrRatio: 0,
  beta1: 0.9,
  beta2: 0.999,
  adamEps: 1e-8,
  weightDecay: 0,
  decayed: "matrices",
  clipNorm: 1,
  ppoEpochs: 1,
  miniBatches: 1,
  gradientShards: 1,
  lora: null,
  weightFormat: "auto",
  recompute: "auto",
  searchTopK: 2,
  toolDeadlineSeconds: 10,
  maxResultTokens: null,
  cutResults: "right",
  toolConcurrency: 4,
  waitForShare: 1,
  worldScale: 1,
  trainKinds: WORLDS.sparse,
  wrongGolds: 0,
  trainQuestions: 600,
  validationQuestions: 100,
  testQuestions: 200,
  testSamples: 1,
  maxGoldTokens: null,
  keepKinds: null,
  keepHops: null,
  testBeliefs: false,
  evaluateEvery: 10,
  checkpointEvery: 20,
  episodeMegabytes: 64,
};

/** The IGPO paper's settings for models of billions of parameters (its Table 4; 60 steps as in its curves). */
const paper: Recipe = {
  ...embedded,
  name: "paper",
  steps: 60,
  promptsPerStep: 32,
  groupSize: 16,
  maxTurns: 10,
  maxNewTokens: 2000,
  contextTokens: 32768,
  microBatchTokens: 32768,
  lr: 1e-6,
  toolDeadlineSeconds: 60,
  toolConcurrency: 16,
  episodeMegabytes: 1000,
};

/** The recipes known by name. */
export const RECIPES: ReadonlyMap<string, Recipe> = new Map(
  [embedded, paper].map((recipe) => [recipe.name, recipe]),
);

/** Why a well-typed recipe cannot work, in one sentence, or null. */
export function conflictOfRecipe(recipe: Recipe): string | null {
  const { contextTokens, maxNewTokens, microBatchTokens } = recipe;
  const { schedule, steps, warmupSteps, minLrRatio } = recipe;
  const { miniBatches, gradientShards, promptsPerStep } = recipe;
  if (contextTokens <= maxNewTokens) {
    return `Cannot fit a message into an episode as contextTokens must exceed maxNewTokens: they are ${contextTokens} and ${maxNewTokens}`;
  }
  if (microBatchTokens < contextTokens) {
    return `Cannot cut a batch between episodes as microBatchTokens must be at least contextTokens: they are ${microBatchTokens} and ${contextTokens}`;
  }
  if (miniBatches > promptsPerStep) {
    return `Cannot give each update a question of its own as miniBatches must be at most promptsPerStep: they are ${miniBatches} and ${promptsPerStep}`;
  }
  if (gradientShards > Math.floor(promptsPerStep / miniBatches)) {
    return `Cannot give each shard a question of its own as gradientShards must be at most promptsPerStep / miniBatches: they are ${gradientShards}, ${promptsPerStep} and ${miniBatches}`;
  }
  if (warmupSteps > steps) {
    return `Cannot reach the learning rate as warmupSteps must be at most steps: they are ${warmupSteps} and ${steps}`;
  }
  if (schedule === "constant" && minLrRatio > 0) {
    return `Cannot lower a constant learning rate as minLrRatio needs the schedule "linear" or "cosine": it is ${minLrRatio}`;
  }
  return null;
}
