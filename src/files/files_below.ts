import { Effect } from "effect";
import { BadInput } from "../domain/errors.ts";
import { onDisk } from "./disk.ts";

/** Most files that are listed, so that the root of a disk is refused. */
const MOST_FILES = 100_000;

/** The file of a path, or the files in a folder and its folders by name; links are not followed. */
export const filesBelow = Effect.fn("filesBelow")(function* (path: string) {
  const { isDirectory } = yield* onDisk(`read "${path}"`, () => Deno.stat(path));
  if (!isDirectory) return [path];
  const found: string[] = [];
  const folders = [path];
  while (folders.length > 0) {
    const folder = folders.pop()!;
    const entries = yield* onDisk(
      `read "${folder}"`,
      () => Array.fromAsync(Deno.readDir(folder)),
    );
    for (const { name, isFile, isDirectory } of entries) {
      if (isFile) found.push(`${folder}/${name}`);
      if (isDirectory) folders.push(`${folder}/${name}`);
    }
    if (found.length > MOST_FILES) {
      return yield* new BadInput({
        message: `Cannot read "${path}" as a folder must hold at most ${MOST_FILES} files: ` +
          `it holds more`,
      });
    }
  }
  return found.toSorted();
});
