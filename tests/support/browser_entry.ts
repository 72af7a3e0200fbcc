/** Bundled for other runtimes: they call `numbersOf` by its global name. */
import { Effect } from "effect";
import type { ModelFiles } from "../../browser.ts";
import { numbersOf } from "./browser_numbers.ts";

Object.assign(globalThis, {
  numbersOf: (files: ModelFiles, device: "cpu" | "gpu") =>
    Effect.runPromise(numbersOf(files, device)),
});
