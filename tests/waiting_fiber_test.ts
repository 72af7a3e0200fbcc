import "../src/cli/cli.ts";
import { ok } from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Effect } from "effect";

const WAITS = 50_000;
/** What Deno would keep for each wait is half a kilobyte. */
const MOST_BYTES = 5e6;

function heap(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return Deno.memoryUsage().heapUsed;
}

Deno.test("a fiber of the command line keeps nothing of its waits", () =>
  Effect.runPromise(Effect.gen(function* () {
    const before = heap();
    for (let wait = 0; wait < WAITS; wait++) yield* Effect.promise(() => Promise.resolve());
    const grown = heap() - before;
    ok(grown < MOST_BYTES, `the heap grew by ${grown} bytes`);
  })));
