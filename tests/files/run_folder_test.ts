import { deepStrictEqual, match } from "node:assert/strict";
import { Effect, Exit } from "effect";
import { createRunFolder, lockRunFolder } from "../../src/files/run_folder.ts";
import { inFolder } from "../support/tiny_run.ts";

/** Names in a folder, or null where there is none. */
const namesIn = (folder: string) => {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name);
  } catch {
    return null;
  }
};
const run = (folder: string, work: Effect.Effect<void> = Effect.void) =>
  Effect.scoped(Effect.andThen(lockRunFolder(folder), work));

Deno.test("lockRunFolder() refuses a second run while the first is there, and leaves nothing behind", () =>
  inFolder(async (folder) => {
    let refusal: unknown;
    await Effect.runPromise(run(
      folder,
      Effect.promise(async () => {
        // Twice, since a refused run must not take the lock of the other with it.
        await Effect.runPromise(Effect.flip(run(folder)));
        refusal = await Effect.runPromise(Effect.flip(run(folder)));
      }),
    ));
    match(
      String(refusal),
      /Cannot write to ".*" as one run at a time may do so: another one is running$/,
    );
    deepStrictEqual(namesIn(folder), []);
    await Effect.runPromise(run(folder));
  }));

Deno.test("lockRunFolder() takes over the file that a killed run left, and ends with a failed run", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/.lock`, "");
    const exit = await Effect.runPromiseExit(run(folder, Effect.die("broken")));
    deepStrictEqual([Exit.isFailure(exit), namesIn(folder)], [true, []]);
    await Effect.runPromise(run(folder));
  }));

Deno.test("lockRunFolder() does not keep the folder of a run that wrote nothing", () =>
  inFolder(async (folder) => {
    const made = `${folder}/run`;
    const begun = Effect.andThen(createRunFolder(made), lockRunFolder(made));
    await Effect.runPromise(Effect.scoped(begun));
    deepStrictEqual(namesIn(made), null);
  }));

Deno.test("lockRunFolder() lets one of many runs in at a time, whichever comes first", () =>
  inFolder(async (folder) => {
    let inside = 0;
    let most = 0;
    const work = Effect.gen(function* () {
      most = Math.max(most, ++inside);
      yield* Effect.promise(() => Deno.stat(folder));
      inside -= 1;
    });
    const attempts = Array.from({ length: 1000 }, () => Effect.exit(run(folder, work)));
    const exits = await Effect.runPromise(Effect.all(attempts, { concurrency: 20 }));
    deepStrictEqual([most, exits.some(Exit.isSuccess)], [1, true]);
  }));
