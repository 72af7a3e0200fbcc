import { Clock, Effect } from "effect";
import { inBytes } from "../domain/bytes.ts";
import type { RunPlan } from "./configure.ts";
import { createRunFolder } from "../files/run_folder.ts";
import { openScreen } from "../files/screen.ts";
import { locateModel } from "./model_source.ts";
import { withAdapters } from "../pipeline/adapter_folder.ts";
import { loadLatestCheckpoint } from "../pipeline/checkpoint.ts";
import { readModelFolder } from "../pipeline/model_folder.ts";
import { memoryLine, totalBytes } from "../policy/memory_plan.ts";
import { kernelLine } from "../report/terminal.ts";
import { planPolicy, type RoomPlan } from "./layers.ts";
import { machineLines, openMachine } from "./machine.ts";
import { loadTask, type Purpose } from "./task.ts";

/** What preparing depends on besides the plan. */
export interface PrepareOptions<P extends Purpose> {
  readonly purpose: P;
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
 * work fails here, before the run's folder is made.
 */
export const prepare = Effect.fn("prepare")(
  function* <P extends Purpose>(
    asked: RunPlan,
    { embeddedModel, profile = false, isOneRun = true, date: given, purpose }: PrepareOptions<P>,
  ) {
    const screen = yield* openScreen;
    const located = yield* locateModel(asked.config, { embeddedModel, screen });
    const plan = { ...asked, config: { ...asked.config, revision: located.revision } };
    const { config, folder, isResumed } = plan;
    const base = yield* readModelFolder(located.folder);
    const model = yield* withAdapters(base, config);
    const checkpoint = isResumed && isOneRun ? yield* loadLatestCheckpoint(folder, model) : null;
    const date = checkpoint?.state.date ?? given ?? (yield* today);
    const task = yield* loadTask({ config, model, date, purpose });
    const onKernel = (count: number) => screen.onProgress(kernelLine(count));
    const machine = yield* openMachine(config.device, { profile, onKernel });
    const setup = yield* Effect.fromResult(planPolicy({ machine, model, config }, purpose));
    const { room } = setup;
    yield* screen.print([...machineLines(machine), ...roomLines(room), ...task.notes].join("\n"));
    if (!isResumed) yield* createRunFolder(folder);
    const wave = room.capacity.rows;
    return { ...setup, config, plan, screen, checkpoint, date, task, wave };
  },
);

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

/** `2026-11-23`. */
const today = Effect.map(
  Clock.currentTimeMillis,
  (millis) => new Date(millis).toISOString().slice(0, 10),
);
