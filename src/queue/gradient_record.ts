/** A gradient shard as a blob, in JSON with numbers as base64, and what came of it, as plain little-endian numbers. */
import { Effect, Schema } from "effect";
import { decodeInput } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import { parseJson } from "../domain/json.ts";
import type { Recipe } from "../domain/recipe.ts";
import type { GradientShard, ShardSequence } from "../pipeline/gradient_shards.ts";
import type { LearnerState, TokenLogProbs } from "../policy/policy.ts";
import { bytesOf, float64sOf, uint32sOf } from "./bytes.ts";
import { decodeWeights, encodeWeights, type Trained, weightsBytes } from "./weights_blob.ts";

const Bytes = Schema.Uint8ArrayFromBase64;

const ShardRecord = Schema.Struct({
  weightBound: Schema.NullOr(Schema.Finite),
  sequences: Schema.Array(Schema.Struct({
    tokens: Bytes,
    position: Bytes,
    turn: Bytes,
    advantage: Bytes,
    weight: Bytes,
    behaviourLogProb: Bytes,
    referenceLogProb: Schema.NullOr(Bytes),
    clipScale: Bytes,
    logProbBefore: Schema.NullOr(Bytes),
  })).check(Schema.isMinLength(1)),
});

const encodeRecord = Schema.encodeUnknownEffect(ShardRecord);

/** The part of a shard that is sent. Whoever samples is this program. */
export type SentShard = Pick<GradientShard, "sequences"> & {
  readonly origin: Pick<GradientShard["origin"], "weightBound">;
};

/** The bytes of a shard. */
export const encodeShard = Effect.fn("encodeShard")(function* ({ sequences, origin }: SentShard) {
  const orNull = (values: Float64Array | null) => values === null ? null : bytesOf(values);
  const record = yield* Effect.orDie(encodeRecord({
    weightBound: origin.weightBound,
    sequences: sequences.map((one) => ({
      tokens: bytesOf(one.tokens),
      position: bytesOf(one.position),
      turn: bytesOf(one.turn),
      advantage: bytesOf(one.advantage),
      weight: bytesOf(one.weight),
      behaviourLogProb: bytesOf(one.behaviourLogProb),
      referenceLogProb: orNull(one.referenceLogProb),
      clipScale: bytesOf(one.clipScale),
      logProbBefore: orNull(one.logProbBefore),
    })),
  }));
  return new TextEncoder().encode(JSON.stringify(record));
});

/** What a shard must agree with. */
export interface ShardBounds {
  readonly contextTokens: number;
  readonly vocabulary: number;
}

/** The shard that such bytes hold; fails on what no trainer can have sent. */
export const decodeShard = Effect.fn("decodeShard")(function* (
  bytes: Uint8Array,
  bounds: ShardBounds,
) {
  const json = yield* Effect.try({
    try: () => parseJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes)),
    catch: () => new BadInput({ message: "Cannot read a gradient shard as it must be JSON" }),
  });
  const record = yield* Effect.fromResult(
    decodeInput(ShardRecord, json, "Cannot read a gradient shard as"),
  );
  const orNull = (values: Uint8Array | null) => values === null ? null : float64sOf(values);
  const sequences = record.sequences.map((one): ShardSequence => ({
    tokens: uint32sOf(one.tokens),
    position: uint32sOf(one.position),
    turn: uint32sOf(one.turn),
    advantage: float64sOf(one.advantage),
    weight: float64sOf(one.weight),
    behaviourLogProb: float64sOf(one.behaviourLogProb),
    referenceLogProb: orNull(one.referenceLogProb),
    clipScale: float64sOf(one.clipScale),
    logProbBefore: orNull(one.logProbBefore),
  }));
  const flaw = sequences.map((one, i) => flawOf(one, i + 1, bounds)).find((one) => one !== null);
  if (flaw !== undefined) {
    return yield* new BadInput({ message: `Cannot use a gradient shard as ${flaw}` });
  }
  return { sequences, origin: { weightBound: record.weightBound } } satisfies SentShard;
});

/** What is wrong with a sequence, or null. */
function flawOf(
  sequence: ShardSequence,
  number: number,
  { contextTokens, vocabulary }: ShardBounds,
): string | null {
  const { tokens, position, ...perToken } = sequence;
  const of = `sequence ${number}`;
  const { length } = tokens;
  if (length === 0 || length > contextTokens) {
    return `${of} must have 1 to ${contextTokens} tokens: it has ${length}`;
  }
  const far = tokens.find((token) => token >= vocabulary);
  if (far !== undefined) return `${of} must have tokens below ${vocabulary}: one is ${far}`;
  const isRising = position.every((p, i) => p > (i === 0 ? 0 : position[i - 1]!) && p < length);
  if (!isRising) return `trained positions of ${of} must rise from 1 to its end`;
  for (const [name, values] of Object.entries(perToken)) {
    if (values === null) continue;
    if (values.length !== position.length) {
      return `${name} of ${of} must have ${position.length} numbers: it has ${values.length}`;
    }
    if (!values.every(Number.isFinite)) return `${name} of ${of} must be finite`;
  }
  return null;
}

/** A gradient, and what was measured at the trained tokens of each sequence. */
export interface GradientAnswer {
  readonly gradient: LearnerState["weights"];
  readonly found: ReadonlyArray<TokenLogProbs>;
}

/** The bytes of an answer, in parts; null, where a number is not finite, has no bytes. */
export function encodeGradient(
  model: Trained,
  answer: GradientAnswer | null,
): ReadonlyArray<Uint8Array> {
  if (answer === null) return [];
  const measured = answer.found.flatMap(({ logProb, entropy }) => [logProb, entropy]);
  return [...encodeWeights(model, answer.gradient), ...measured.map(bytesOf)];
}

/** Bytes of what is measured at a trained token: its log-prob, and the entropy. */
const FOUND_BYTES = 2 * Float64Array.BYTES_PER_ELEMENT;

/** Bytes of an answer to a shard. */
export function gradientBytes(model: Trained, { sequences }: SentShard): number {
  const count = sequences.reduce((sum, { position }) => sum + position.length, 0);
  return weightsBytes(model) + FOUND_BYTES * count;
}

/** The most bytes that an answer of a run may have; 0 where its gradients are in one shard, which nobody else computes. */
export function mostGradientBytes(
  model: Trained,
  { gradientShards, promptsPerStep, groupSize, contextTokens }: Recipe,
): number {
  if (gradientShards === 1) return 0;
  return weightsBytes(model) + FOUND_BYTES * promptsPerStep * groupSize * contextTokens;
}

/** The answer that such bytes hold, or null; fails on what no worker can have computed. */
export const decodeGradient = Effect.fn("decodeGradient")(function* (
  model: Trained,
  shard: SentShard,
  bytes: Uint8Array<ArrayBuffer>,
) {
  if (bytes.length === 0) return null;
  const wanted = gradientBytes(model, shard);
  if (bytes.length !== wanted) {
    return yield* new BadInput({
      message: `Cannot use a gradient as it must have ${wanted} bytes: it has ${bytes.length}`,
    });
  }
  const cut = weightsBytes(model);
  const gradient = yield* decodeWeights(model, bytes.subarray(0, cut));
  let at = cut;
  const next = (count: number) => {
    const from = at;
    at += Float64Array.BYTES_PER_ELEMENT * count;
    return float64sOf(bytes.subarray(from, at));
  };
  const found = shard.sequences.map(({ position: { length } }): TokenLogProbs => ({
    logProb: next(length),
    entropy: next(length),
  }));
  const answer: GradientAnswer = { gradient, found };
  if (isFiniteAnswer(answer)) return answer;
  return yield* new BadInput({ message: "Cannot use a gradient as its numbers must be finite" });
});

/** Whether all numbers of an answer are finite. */
export function isFiniteAnswer({ gradient, found }: GradientAnswer): boolean {
  return gradient.values().every(isFiniteArray) &&
    found.every(({ logProb, entropy }) => isFiniteArray(logProb) && isFiniteArray(entropy));
}

/** A loop, as calls for each of so many numbers would take longer than the rest. */
function isFiniteArray(values: Float32Array | Float64Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}
