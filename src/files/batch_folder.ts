import { Effect } from "effect";
import type { BadInput } from "../domain/errors.ts";
import { removeFolderAtomic, writeFileAtomic, writeFolderAtomic } from "./atomic.ts";
import { onDisk, pathExists } from "./disk.ts";
import { jsonText } from "./json_file.ts";

/** Batches of steps in one folder, for a trainer that reads them one by one. */
export const BATCH_FILE = "batch.json";

/** Batches that are kept: a trainer may be this many steps behind. */
export const KEPT_BATCHES = 16;

/** The folder of a step's batch. */
export function batchPath(folder: string, step: number): string {
  return `${folder}/step_${step}`;
}

/** The numbers of the steps that have a folder, in order. */
export const listBatches = Effect.fn("listBatches")(function* (folder: string) {
  const names = yield* onDisk(
    `read "${folder}"`,
    () => Array.fromAsync(Deno.readDir(folder), ({ name }) => name),
  );
  return names.flatMap((name) => {
    const step = /^step_(\d+)$/.exec(name)?.[1];
    return step === undefined ? [] : [Number(step)];
  }).toSorted((a, b) => a - b);
});

/**
 * Writes the batch of a step, completely or not at all, with a file that describes it. Batches that are too many are
 * removed, the oldest first; folders of others stay.
 */
export const writeBatch = Effect.fn("writeBatch")(function* <R>(
  folder: string,
  step: number,
  { about, fill }: {
    readonly about: unknown;
    readonly fill: (path: string) => Effect.Effect<void, BadInput, R>;
  },
) {
  yield* writeFolderAtomic(
    batchPath(folder, step),
    (path) => Effect.andThen(fill(path), writeFileAtomic(`${path}/${BATCH_FILE}`, jsonText(about))),
  );
  for (const old of (yield* listBatches(folder)).filter((one) => one <= step - KEPT_BATCHES)) {
    const path = batchPath(folder, old);
    if (yield* pathExists(`${path}/${BATCH_FILE}`)) yield* removeFolderAtomic(path);
  }
});
