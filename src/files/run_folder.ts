import { Effect } from "effect";
import { BadInput } from "../domain/errors.ts";
import { removeTemporaries, temporaryBeside } from "./atomic.ts";
import { fileReason, onDisk, syncFolder } from "./disk.ts";

/** Name of the resolved configuration in a run's folder; a folder that has it holds a run. */
export const CONFIG_FILE = "config.json";

/** Name of the file of an evaluation's answers; a folder that has it holds no training run. */
export const ANSWERS_FILE = "answers.jsonl";

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
  yield* syncFolder(`${folder}/..`);
});

/** Name of the file that a run keeps locked. */
const LOCK_FILE = ".lock";
const EXCLUSIVE = true;

/**
 * Keeps other runs out of `folder` until the scope closes, or fails while another run is there. The system itself ends
 * the lock of a run that is killed; the next one removes what that run left unfinished.
 */
export const lockRunFolder = Effect.fn("lockRunFolder")(function* (folder: string) {
  const path = `${folder}/${LOCK_FILE}`;
  const file = yield* Effect.acquireRelease(
    onDisk(`lock "${path}"`, () => openLocked(path)),
    (file) => file === null ? Effect.void : Effect.promise(() => removeLocked(path, file)),
  );
  if (file !== null) return yield* removeTemporaries(folder);
  return yield* new BadInput({
    message: `Cannot write to "${folder}" as one run at a time may do so: another one is running`,
  });
});

/** The locked file, or null while another program has locked it. */
async function openLocked(path: string): Promise<Deno.FsFile | null> {
  while (true) {
    const file = await Deno.open(path, { read: true, write: true, create: true });
    const isLocked = file.tryLockSync(EXCLUSIVE);
    // A run that ended since then has removed this file, and another run may hold a new one.
    if (isLocked && (await file.stat()).nlink !== 0) return file;
    file.close();
    if (!isLocked) return null;
  }
}

/** Removes the file before its lock ends, so that nobody can have locked it by then. */
async function removeLocked(path: string, file: Deno.FsFile): Promise<void> {
  await Deno.remove(path).catch(() => {});
  file.close();
}

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
      const probe = temporaryBeside(`${folder}/writable`);
      (await Deno.open(probe, { write: true, createNew: true })).close();
      await Deno.remove(probe);
    },
    catch: (error) =>
      new BadInput({
        message: `Cannot write to the run folder "${folder}": ${fileReason(error)}`,
      }),
  });
});

/** Fails where a folder holds an evaluation instead of a training run. */
export const checkIsRun = Effect.fn("checkIsRun")(function* (folder: string) {
  if (!(yield* exists(`${folder}/${ANSWERS_FILE}`))) return;
  return yield* new BadInput({
    message: `Cannot go on with a training run in "${folder}" as it must hold one: it holds an ` +
      `evaluation; go on with it by ./igpo evaluate --resume ${folder}`,
  });
});
