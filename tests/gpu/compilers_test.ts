import assert from "node:assert/strict";
import { Effect } from "effect";
import { device, onWgsl } from "../support/engines.ts";
import { launchedTexts } from "../support/launched_texts.ts";

onWgsl(
  "Deno's compiler takes every kernel that can be launched, in every family and format",
  () =>
    Effect.gen(function* () {
      const { device: gpu, adapter } = device!; // this test is skipped without an adapter
      const hasSubgroups = gpu.features.has("subgroups");
      let compiled = 0;
      for (const code of yield* launchedTexts({ enablesSubgroups: false })) {
        if (!hasSubgroups && /\bsubgroup\w+\(/.test(code)) continue;
        gpu.pushErrorScope("validation");
        gpu.createShaderModule({ code });
        const error = yield* Effect.promise(() => gpu.popErrorScope());
        assert.equal(error, null, `${adapter.name}: ${error?.message}\n${code}`);
        compiled += 1;
      }
      assert.ok(compiled > 500, `${compiled} texts were compiled`);
    }),
);
