import { deepStrictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { findRuns } from "../../src/view/read_run.ts";
import { serveRuns } from "../../src/view/server.ts";
import { drive } from "../support/page_in_chromium.ts";
import { inFolder, trainTiny } from "../support/tiny_run.ts";

Deno.test("a live page under another preset keeps what it shows of a step while the run goes on", () =>
  inFolder(async (folder) => {
    await Effect.runPromise(trainTiny({ folder, recipe: { steps: 1, evaluateEvery: 0 } }));
    const seen = await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      const address = yield* serveRuns({ runs: yield* findRuns([folder]), isLive: true }, 0);
      return yield* Effect.promise(() => drive("live", address, `${folder}/metrics.jsonl`));
    })));
    deepStrictEqual(seen, { taken: [], errors: [] });
  }));
