import { Effect } from "effect";
import { diskFile } from "./disk.ts";
import { readJson } from "./input_file.ts";

/** A value as the text of a JSON file. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** Reads a JSON file that the user named; `what` says in an error what the file is for. */
export const readJsonFile = Effect.fn("readJsonFile")(function* (path: string, what: string) {
  return yield* readJson(diskFile(path), `${what} "${path}"`);
});
