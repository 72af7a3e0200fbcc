import { Effect } from "effect";
import { BadInput } from "../domain/errors.ts";
import { readText, reason } from "./disk.ts";
import { parseJson } from "../domain/json.ts";

/** A value as the text of a JSON file. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Reads a JSON file that the user named; `what` says in an error what the file is for. */
export const readJsonFile = Effect.fn("readJsonFile")(function* (path: string, what: string) {
  const text = yield* readText(path, `${what} "${path}"`);
  return yield* Effect.try({
    try: (): unknown => parseJson(text),
    catch: (cause) =>
      new BadInput({
        message: `Cannot read ${what} "${path}" as it must be JSON: ${reason(cause)}`,
      }),
  });
});
