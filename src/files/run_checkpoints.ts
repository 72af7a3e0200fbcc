import { Effect } from "effect";
import { removeFolderAtomic, removeTemporaries } from "./atomic.ts";
import { onDisk } from "./disk.ts";

/** Folder of the checkpoints in a run's folder. */
export const CHECKPOINTS_FOLDER = "checkpoints";

/** The folder of one step's checkpoint. */
export function checkpointPath(run: string, step: number): string {
  return `${run}/${CHECKPOINTS_FOLDER}/step-${step}`;
}

/** The steps of a run's checkpoints, in order. Checkpoints are written completely or not at all: each can be read. */
export const listCheckpoints = Effect.fn("listCheckpoints")(function* (run: string) {
  const path = `${run}/${CHECKPOINTS_FOLDER}`;
  const names = yield* onDisk(`read "${path}"`, async () => {
    await Deno.mkdir(path, { recursive: true });
    return await Array.fromAsync(Deno.readDir(path), ({ name }) => name);
  });
  return names.flatMap((name) => {
    const match = /^step-(\d+)$/.exec(name);
    return match === null ? [] : [Number(match[1])];
  }).sort((a, b) => a - b);
});

/** Removes all checkpoints of a run but the newest. */
export const keepNewestCheckpoint = Effect.fn("keepNewestCheckpoint")(function* (run: string) {
  const steps = yield* listCheckpoints(run);
  for (const step of steps.slice(0, -1)) yield* removeFolderAtomic(checkpointPath(run, step));
});

/** Removes what a killed program left in a run's folder. */
export const removeUnfinished = Effect.fn("removeUnfinished")(function* (run: string) {
  // Listing creates the folder of the checkpoints if it is missing.
  yield* listCheckpoints(run);
  yield* removeTemporaries(run);
  yield* removeTemporaries(`${run}/${CHECKPOINTS_FOLDER}`);
});
