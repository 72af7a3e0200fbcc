import { Effect } from "effect";
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

/** Removes the checkpoint of a step. */
export const removeCheckpoint = Effect.fn("removeCheckpoint")(
  function* (run: string, step: number) {
    const path = checkpointPath(run, step);
    yield* onDisk(`remove "${path}"`, () => Deno.remove(path, { recursive: true }));
  },
);

/** Removes the unfinished checkpoints that a killed program left. */
export const removeUnfinished = Effect.fn("removeUnfinished")(function* (run: string) {
  const path = `${run}/${CHECKPOINTS_FOLDER}`;
  yield* onDisk(`remove unfinished checkpoints of "${path}"`, async () => {
    await Deno.mkdir(path, { recursive: true });
    const names = await Array.fromAsync(Deno.readDir(path), ({ name }) => name);
    const unfinished = names.filter((name) => /^\.step-\d+\..*\.tmp$/.test(name));
    for (const name of unfinished) await Deno.remove(`${path}/${name}`, { recursive: true });
  });
});
