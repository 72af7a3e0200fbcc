import { Effect } from "effect";
import { inBytes } from "../domain/bytes.ts";
import { BadInput } from "../domain/errors.ts";
import { withAbsolutePaths } from "./absolute_paths.ts";
import type { RunPlan } from "./configure.ts";
import { namesOf } from "../domain/question_files.ts";
import { checkIsRun, createRunFolder, lockRunFolder } from "../files/run_folder.ts";
import { openScreen } from "../files/screen.ts";
import { catchSignals } from "../files/signals.ts";
import type { Purpose } from "./file_questions.ts";
import { locateModel } from "./model_source.ts";
import { withAdapters } from "../pipeline/adapter_folder.ts";
import { loadLatestCheckpoint } from "../pipeline/checkpoint.ts";
import { readModelFolder } from "../pipeline/model_folder.ts";
import { memoryLine, totalBytes } from "../policy/memory_plan.ts";
import { kernelLine } from "../report/terminal.ts";
import { planPolicy, type RoomPlan } from "./layers.ts";
import { machineLines, openMachine } from "./machine.ts";
import { digestOf } from "./question_splits.ts";
import { loadTask, type Task } from "./task.ts";
import { today } from "./today.ts";

/** What preparing depends on besides the plan. */
export interface PrepareOptions<P extends Purpose> {
  /** Whether the policy is trained. */
  readonly purpose: P;
  /** What the questions are for. @default {purpose} */
  readonly questions?: Purpose;
  /** Folder of the model for plans that name none. */
  readonly embeddedModel: string;
  /** Whether the machine times its kernels. @default {false} */
  readonly profile?: boolean;
  /** Whether a resumed folder holds one run with its checkpoints, not a comparison. @default {true} */
  readonly isOneRun?: boolean;
  /** The date in the system prompt where no checkpoint has one; today unless it is given. */
  readonly date?: string | null;
}

/**
 * Reads and opens everything a program needs before its first step: model, task, checkpoint, machine. Whatever cannot
 * work fails here, before the run's folder is made. The folder is locked until the scope closes.
 */
export const prepare = Effect.fn("prepare")(
  function* <P extends Purpose>(
    asked: RunPlan,
    { embeddedModel, profile = false, isOneRun = true, date: given, purpose, ...more }:
      PrepareOptions<P>,
  ) {
    const { questions = purpose } = more;
    if (asked.isResumed) yield* lockRunFolder(asked.folder);
    if (asked.isResumed && purpose === "train" && isOneRun) yield* checkIsRun(asked.folder);
    const screen = yield* openScreen;
    const located = yield* locateModel(asked.config, { embeddedModel, screen });
    const { folder, isResumed } = asked;
    const found = { ...asked.config, revision: located.revision };
    const base = yield* readModelFolder(located.folder);
    const model = yield* withAdapters(base, found);
    const checkpoint = isResumed && isOneRun ? yield* loadLatestCheckpoint(folder, model) : null;
    const date = checkpoint?.state.date ?? given ?? (yield* today);
    const task = yield* loadTask({ config: found, model, date, purpose: questions });
    const questionsDigest = questions === "train" ? yield* digestOfRun(asked, task) : null;
    const config = { ...found, ...withAbsolutePaths(found), questionsDigest };
    const plan = { ...asked, config };
    const onKernel = (count: number) => screen.onProgress(kernelLine(count));
    const machine = yield* openMachine(config.device, { profile, onKernel });
    const setup = yield* Effect.fromResult(planPolicy({ machine, model, config }, purpose));
    const { room } = setup;
    yield* screen.print([...machineLines(machine), ...roomLines(room), ...task.notes].join("\n"));
    yield* catchSignals;
    if (!isResumed) {
      yield* createRunFolder(folder);
      yield* lockRunFolder(folder);
    }
    const wave = room.capacity.rows;
    return { ...setup, config, plan, screen, checkpoint, date, task, wave };
  },
);

/** The digest of a run's questions; fails unless a run that is resumed began with the same. */
const digestOfRun = Effect.fnUntraced(function* (
  { config: { questions, questionsDigest }, folder, isResumed }: RunPlan,
  { train, validation, test }: Task,
) {
  if (questions === null) return null;
  const digest = yield* digestOf({
    train: train.questions,
    validation: validation.questions,
    test: test.questions,
  });
  if (!isResumed || questionsDigest === digest) return digest;
  return yield* new BadInput({
    message: `Cannot resume "${folder}" as it must go on with the questions that it began with: ` +
      (questionsDigest === null
        ? "it began with an older version, which split them otherwise"
        : `there are others now in ${namesOf(questions)}`),
  });
});

/** Lines on how much of the device's memory a run will take. */
function roomLines({ parts, recompute, capacity }: RoomPlan): ReadonlyArray<string> {
  const again = recompute === "layer" ? ", layers computed twice" : "";
  return [
    `Memory ${inBytes(totalBytes(parts))}: ${memoryLine(parts)}`,
    `${capacity.rows} episodes at a time, ${capacity.passTokens} tokens a pass${again}`,
  ];
}

/** The result of {@link prepare}. */
export type Prepared = Effect.Success<ReturnType<typeof prepare>>;
