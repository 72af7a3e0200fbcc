import { match } from "node:assert/strict";
import { Effect } from "effect";
import { createBuilder } from "../../src/model/builder.ts";
import { symbol } from "../../src/model/plan.ts";
import { createInterpreter } from "../../src/reference/interpreter.ts";

Deno.test("an interpreter without room for a tensor says how much it needs", () => {
  const weights = createBuilder().tensor("weights", symbol("N"), 4, { role: "weight" });
  const allocate = createInterpreter().allocate(weights, { N: 2 ** 44 });
  match(
    Effect.runSync(Effect.flip(allocate)).message,
    /^Cannot hold "weights" in memory as it needs 562949953421312 bytes: /,
  );
});
