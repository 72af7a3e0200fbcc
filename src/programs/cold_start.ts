import { Result, Stream } from "effect";
import type { BadInput } from "../domain/errors.ts";
import { copySample, demonstrationsOf } from "../environment/world/cold_start.ts";
import {
  encodeCopySample,
  encodeDemonstration,
  type EncodedText,
  makeWorldText,
  type WorldText,
} from "../environment/world/encode.ts";
import { type Habits, WORLD_RECIPE } from "../environment/world/recipe.ts";
import { trainWorldTokenizer } from "../environment/world/tokenizer.ts";
import type { Architecture } from "../model/architecture.ts";
import type { AdamW } from "../model/programs.ts";
import type { Imitation, ImitationBatch } from "../pipeline/imitate.ts";

/** One phase of the cold start: what is imitated, for how many tokens, and the peak of the learning rate. */
export interface ColdStartPhase {
  readonly name: "copy" | "skills" | "habits";
  readonly tokens: number;
  readonly peakLearningRate: number;
}

/** How the embedded checkpoints are made; docs/cold_start.md says what each part is for. */
export const COLD_START = {
  /** Few texts an update, since the number of updates matters and not the number of tokens. */
  textsPerUpdate: 8,
  clipNorm: 1,
  adamw: { beta1: 0.9, beta2: 0.98, eps: 1e-8, weightDecay: 0.01, decayed: "all" } satisfies AdamW,
  warmUpUpdates: 100,
  /** The learning rate falls linearly to this share of its peak. */
  floor: 0.05,
  /** Lists to copy: without them the copying heads do not form in this budget. */
  copy: { name: "copy", tokens: 300_000, peakLearningRate: 2e-3 } satisfies ColdStartPhase,
  /** Perfect demonstrations. */
  skills: { name: "skills", tokens: 1_700_000, peakLearningRate: 2e-3 } satisfies ColdStartPhase,
  /** Bad habits for reinforcement learning to break. With half as many tokens, sampled F1 was 0.06 instead of 0.15. */
  habits: { name: "habits", tokens: 800_000, peakLearningRate: 7e-4 } satisfies ColdStartPhase,
} as const;

/** The embedded model: 0.35 M parameters. */
export function embeddedArchitecture(vocabulary: number): Architecture {
  return {
    family: "qwen2",
    vocabulary,
    hidden: 96,
    layers: 3,
    heads: 3,
    keyValueHeads: 1,
    headDim: 32,
    feedForward: 256,
    normEps: 1e-6,
    rope: { base: 10_000, scaling: null },
    tied: true,
    queryKeyValueBias: true,
    outputBias: false,
    feedForwardBias: false,
    queryKeyNorm: false,
    maxPositions: 1024,
  };
}

/** The embedded world's tokenizer files and the protocol they make. */
export interface WorldTokenizer {
  readonly files: Readonly<Record<"tokenizer.json" | "tokenizer_config.json", string>>;
  readonly text: WorldText;
}

/** Trains the embedded world's tokenizer. */
export function worldTokenizer(
  seed: number,
): Result.Result<WorldTokenizer, BadInput> {
  const { tokenizerJson, tokenizerConfig } = trainWorldTokenizer(seed);
  const files = {
    "tokenizer.json": JSON.stringify(tokenizerJson),
    "tokenizer_config.json": JSON.stringify(tokenizerConfig, null, 2),
  };
  return Result.map(makeWorldText(tokenizerJson, tokenizerConfig), (text) => ({ files, text }));
}

/** Endless texts of a phase, in a fixed order. */
function* textsOf(phase: ColdStartPhase["name"], text: WorldText, seed: number) {
  const habits: Habits | null = phase === "habits" ? WORLD_RECIPE.habits : null;
  // Habits are shown in other worlds than skills.
  const firstWorld = phase === "habits" ? 1_000_000 : 0;
  for (let index = 0;; index++) {
    if (phase === "copy") yield encodeCopySample(text.tokenizer, copySample(seed, index));
    else {
      const address = { seed, index: firstWorld + index, habits };
      for (const demonstration of demonstrationsOf(address)) {
        yield encodeDemonstration(text.protocol, demonstration);
      }
    }
  }
}

function toImitation({ tokens, trained }: EncodedText): Imitation {
  const position = trained.flatMap(({ start, end }) =>
    Array.from({ length: end - start }, (_, i) => start + i)
  );
  return { tokens, position: Uint32Array.from(position) };
}

/** Batches of the phases one after the other, with one learning-rate schedule over all of them. */
export function coldStartBatches(
  phases: ReadonlyArray<ColdStartPhase>,
  text: WorldText,
  seed: number,
): Stream.Stream<ImitationBatch> {
  const total = phases.reduce((sum, phase) => sum + phase.tokens, 0);
  function* batches(): Generator<ImitationBatch> {
    let done = 0;
    let update = 0;
    for (const phase of phases) {
      const end = done + phase.tokens;
      const texts = textsOf(phase.name, text, seed);
      while (done < end) {
        const batch = Array.from(
          { length: COLD_START.textsPerUpdate },
          () => toImitation(texts.next().value as EncodedText), // endless
        );
        update += 1;
        const warmUp = Math.min(1, update / COLD_START.warmUpUpdates);
        const decay = 1 - (1 - COLD_START.floor) * Math.min(1, done / total);
        yield { texts: batch, learningRate: phase.peakLearningRate * warmUp * decay };
        done += batch.reduce((sum, { tokens }) => sum + tokens.length, 0);
      }
    }
  }
  return Stream.fromIterable({ [Symbol.iterator]: batches }, { chunkSize: 1 });
}
