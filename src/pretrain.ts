import { Effect, Stream } from "effect";
import type { BadInput, KernelFailed } from "./domain/errors.ts";
import { COLD_START, coldStartBatches, type ColdStartPhase } from "./cold_start.ts";
import type { WorldText } from "./environment/world/encode.ts";
import { writeCheckpoint } from "./files/checkpoint_dir.ts";
import { type Architecture, writeConfig } from "./model/architecture.ts";
import { parametersOf } from "./model/parameters.ts";
import { imitate, type ImitationReport } from "./pipeline/imitate.ts";
import { Learner } from "./policy/policy.ts";

/** What the cold start of the embedded world is made with. */
export interface PretrainOptions {
  /** Folder of checkpoints; each is a folder of its own in it. */
  readonly folder: string;
  readonly seed: number;
  readonly architecture: Architecture;
  readonly text: WorldText;
  /** `tokenizer.json` and `tokenizer_config.json`, written beside the weights. */
  readonly files: Readonly<Record<string, string>>;
  /** Multiplies the tokens of every phase; less than 1 for a try. */
  readonly scale: number;
  readonly tell: (report: ImitationReport) => Effect.Effect<void>;
}

/**
 * Makes the embedded checkpoints by imitation: `skilled` copies lists, then answers perfectly; `spoiled` goes on from
 * there with bad habits and is where training starts.
 */
export const pretrain: (
  options: PretrainOptions,
) => Effect.Effect<void, BadInput | KernelFailed, Learner> = Effect.fn("pretrain")(
  function* (options) {
    const { copy, skills, habits } = COLD_START;
    yield* runPhases(options, [copy, skills]);
    yield* saveModel(options, "skilled");
    yield* runPhases(options, [habits]);
    yield* saveModel(options, "spoiled");
  },
);

const runPhases = (
  { scale, text, seed, tell }: PretrainOptions,
  phases: ReadonlyArray<ColdStartPhase>,
) =>
  coldStartBatches(
    phases.map((phase) => ({ ...phase, tokens: phase.tokens * scale })),
    text,
    seed,
  ).pipe(imitate(COLD_START.clipNorm), Stream.runForEach(tell));

const saveModel = Effect.fnUntraced(function* (
  { folder, architecture, files }: PretrainOptions,
  name: string,
) {
  const learner = yield* Learner;
  const { weights } = yield* learner.save();
  yield* writeCheckpoint(`${folder}/${name}`, {
    config: writeConfig(architecture),
    tensors: parametersOf(architecture).map((parameter) => ({
      name: parameter.name,
      shape: parameter.shape,
      values: weights.get(parameter.name)!,
    })),
    dtype: "F32",
    files,
  });
});
