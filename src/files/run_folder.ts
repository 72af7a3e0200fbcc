import { Effect } from "effect";
import { BadInput } from "../domain/errors.ts";
import { fileReason, onDisk } from "./disk.ts";

/** Name of the resolved configuration in a run's folder; a folder that has it holds a run. */
export const CONFIG_FILE = "config.json";

const exists = (path: string) =>
  Effect.promise(() => Deno.stat(path).then(() => true, () => false));

/**
 * Makes sure that a new run can be written to `folder`: creates it where it is missing, and fails when it holds a run
 * already or cannot be written to. A folder that is still empty when the scope closes is removed.
 */
export const createRunFolder = Effect.fn("createRunFolder")(function* (folder: string) {
  if (yield* exists(`${folder}/${CONFIG_FILE}`)) {
    return yield* new BadInput({
      message:
        `Cannot start a run in a folder that holds one already: "${folder}" could be continued with --resume`,
    });
  }
  yield* Effect.acquireRelease(checkWritable(folder), () => removeEmpty(folder));
});

/** Makes the folder of a run anew, without the files of a run that was begun and never saved. */
export const remakeRunFolder = Effect.fn("remakeRunFolder")(function* (folder: string) {
  if (yield* exists(folder)) {
    yield* onDisk(`remove "${folder}"`, () => Deno.remove(folder, { recursive: true }));
  }
  yield* createRunFolder(folder);
});

/** Removes an empty folder. A folder that holds something stays, since removing it fails. */
const removeEmpty = (folder: string) => Effect.ignore(Effect.tryPromise(() => Deno.remove(folder)));

/** Creates `folder` where it is missing and fails when nothing can be written to it. */
export const checkWritable = Effect.fn("checkWritable")(function* (folder: string) {
  yield* Effect.tryPromise({
    try: async () => {
      await Deno.mkdir(folder, { recursive: true });
      await Deno.remove(await Deno.makeTempFile({ dir: folder, prefix: ".writable-" }));
    },
    catch: (error) =>
      new BadInput({
        message: `Cannot write to the run folder "${folder}": ${fileReason(error)}`,
      }),
  });
});
