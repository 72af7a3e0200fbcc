/** For a page: `./igpo bench:gpu --chromium` calls `tablesOf` by its global name. */
import { Effect } from "effect";
import { tablesOf } from "./gpu_tables.ts";
import type { Measured } from "./op_times.ts";

Object.assign(globalThis, { tablesOf: (asked: Measured) => Effect.runPromise(tablesOf(asked)) });
