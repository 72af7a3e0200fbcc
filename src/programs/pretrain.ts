import { Effect, Result, Stream } from "effect";
import type { BadInput, KernelFailed, TrainingDiverged } from "../domain/errors.ts";
import {
  COLD_START,
  coldStartBatches,
  type ColdStartPhase,
  embeddedArchitecture,
  worldTokenizer,
} from "./cold_start.ts";
import type { WorldText } from "../environment/world/encode.ts";
import type { Screen } from "../files/screen.ts";
import { catchSignals } from "../files/signals.ts";
import { keyFromSeed } from "../math/threefry.ts";
import { writeConfig } from "../model/architecture.ts";
import { initialWeights } from "../model/initial.ts";
import { imitate, tellImitation } from "../pipeline/imitate.ts";
import { weightsInMemory } from "../model/weight_source.ts";
import { type ModelFolder, saveModelFolder } from "../pipeline/model_folder.ts";
import type { Learner } from "../policy/policy.ts";

/** The embedded world's model before it has learned anything. */
export interface FreshModel {
  readonly model: ModelFolder;
  readonly text: WorldText;
}

/** Tokenizer and fresh weights of the embedded world; a pure function of the seed. */
export function freshModel(seed: number): Result.Result<FreshModel, BadInput> {
  return Result.map(worldTokenizer(seed), ({ files, text }) => {
    const architecture = embeddedArchitecture(text.tokenizer.vocabSize);
    const model = {
      architecture,
      weights: weightsInMemory(initialWeights(architecture, keyFromSeed(seed))),
      storedAs: "f32" as const,
      lora: null,
      config: writeConfig(architecture),
      tokenizerFiles: files,
    };
    return { model, text };
  });
}

/** What the cold start of the embedded world needs besides a learner of the fresh model. */
export interface PretrainOptions extends FreshModel {
  /** Folder in which each checkpoint gets a folder of its own. */
  readonly folder: string;
  readonly seed: number;
  /** Most updates for each checkpoint, for a quick try; null for all. */
  readonly steps: number | null;
  readonly screen: Screen;
}

/**
 * Makes the embedded checkpoints by imitation. `skilled` learns to copy lists, then to answer perfectly. `spoiled`
 * continues from there with bad habits; training starts from it.
 */
export const pretrain: (
  options: PretrainOptions,
) => Effect.Effect<void, BadInput | KernelFailed | TrainingDiverged, Learner> = Effect.fn(
  "pretrain",
)(
  function* (options) {
    const { copy, skills, habits } = COLD_START;
    const { folder, model, screen } = options;
    yield* catchSignals;
    for (
      const { name, phases } of [
        { name: "skilled", phases: [copy, skills] },
        { name: "spoiled", phases: [habits] },
      ]
    ) {
      yield* runPhases(options, phases);
      yield* saveModelFolder(`${folder}/${name}`, model);
      yield* screen.print(`Wrote ${folder}/${name}`);
    }
  },
);

const runPhases = (
  { steps, text, seed, screen }: PretrainOptions,
  phases: ReadonlyArray<ColdStartPhase>,
) =>
  coldStartBatches(phases, text, seed).pipe(
    Stream.take(steps ?? Infinity),
    imitate(COLD_START.clipNorm),
    tellImitation(screen.print),
    Stream.runDrain,
  );
