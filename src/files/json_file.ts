import { Effect } from "effect";
import { BadInput } from "../domain/errors.ts";

/** Reads a JSON file that the user named; `what` says in an error what the file is for. */
export const readJsonFile = Effect.fn("readJsonFile")(function* (path: string, what: string) {
  const text = yield* Effect.tryPromise({
    try: () => Deno.readTextFile(path),
    catch: (cause) => new BadInput({ message: `Cannot read ${what} "${path}": ${reason(cause)}` }),
  });
  return yield* Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: (cause) =>
      new BadInput({
        message: `Cannot read ${what} "${path}" as it must be JSON: ${reason(cause)}`,
      }),
  });
});

/** The first sentence of a file error, in the words of a user rather than of a system call. */
function reason(cause: unknown): string {
  if (cause instanceof Deno.errors.NotFound) return "there is no such file";
  if (cause instanceof Deno.errors.IsADirectory) return "it is a folder";
  if (cause instanceof Deno.errors.PermissionDenied) return "permission is denied";
  return cause instanceof Error ? cause.message : String(cause);
}
