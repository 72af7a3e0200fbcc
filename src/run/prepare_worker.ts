import { Effect } from "effect";
import type { RunConfig } from "../domain/config.ts";
import type { Flags } from "../domain/flags.ts";
import type { Screen } from "../files/screen.ts";
import { catchSignals } from "../files/signals.ts";
import { resolvePreset } from "../igpo/presets.ts";
import { withAdapters } from "../pipeline/adapter_folder.ts";
import { readModelFolder } from "../pipeline/model_folder.ts";
import { planPolicy } from "./layers.ts";
import { machineLines, openMachine } from "./machine.ts";
import { locateModel, revisionOf } from "./model_source.ts";
import { loadPlay } from "./task.ts";

/** The flags by which a worker, and not the run that it works for, decides what it reads and asks. */
export type OwnFlags = Pick<
  Flags,
  | "device"
  | "memory"
  | "model"
  | "revision"
  | "adapter"
  | "corpus"
  | "search"
  | "browse"
  | "mcp"
  | "journal"
>;

/** What a worker is told of a run. */
export interface ToldRun {
  readonly config: RunConfig;
  readonly date: string;
}

/** Reads and opens what a worker plays a run's episodes with. Nothing that the run says is read, asked or started. */
export const prepareWorker = Effect.fn("prepareWorker")(function* (
  { config: told, date }: ToldRun,
  { device, ...own }: OwnFlags,
  { embeddedModel, screen }: { readonly embeddedModel: string; readonly screen: Screen },
) {
  const asked = {
    ...told,
    ...own,
    device: device ?? told.device,
    searchBudget: null,
    searchPrice: null,
  };
  const config = { ...asked, revision: yield* revisionOf(asked) };
  const located = yield* locateModel(config, { embeddedModel, screen });
  const model = yield* withAdapters(yield* readModelFolder(located.folder), config);
  const play = yield* loadPlay({ config, model, date });
  const preset = yield* resolvePreset(config.preset);
  const machine = yield* openMachine(config.device);
  const setup = yield* Effect.fromResult(planPolicy({ machine, model, config }, "train"));
  yield* screen.print(machineLines(machine).join("\n"));
  yield* catchSignals;
  return { ...setup, ...play, preset, screen, wave: setup.room.capacity.rows };
});

/** The result of {@link prepareWorker}. */
export type PreparedWorker = Effect.Success<ReturnType<typeof prepareWorker>>;
