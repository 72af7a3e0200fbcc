import assert from "node:assert/strict";
import { Effect } from "effect";
import {
  byKernel,
  countDispatches,
  COUNTED_FORMS,
  COUNTED_SHAPES,
  formOf,
  summaryOf,
  WORK,
} from "../support/dispatch_counts.ts";
import { cellsBelow } from "../support/tables.ts";

Deno.test("dispatches of published models on a GPU are those that docs/kernels.md states", async () => {
  const page = await Deno.readTextFile("docs/kernels.md");
  const [head, , ...stated] = cellsBelow(page, "## Dispatches on GPUs");
  assert.deepEqual(head, ["model", "weights", ...WORK]);
  const counted: string[][] = [];
  for (const shape of COUNTED_SHAPES) {
    for (const form of COUNTED_FORMS) {
      const found = await Effect.runPromise(countDispatches(formOf(shape, form)));
      counted.push([shape, form, ...WORK.map((work) => summaryOf(found[work]))]);
    }
  }
  assert.deepEqual(
    stated.slice(0, counted.length),
    counted,
    "Counts have changed: ./igpo bench:counts prints the table, docs/kernels.md must hold no larger number",
  );
});

Deno.test("a counting device counts each dispatch once, with all its threads", async () => {
  const work = await Effect.runPromise(countDispatches(formOf("qwen2.5-0.5b", "full")));
  const embedding = byKernel(work["token, 16 rows"]).find(({ kernel }) =>
    kernel === "embedding_forward"
  );
  // Four of 896 features a thread, in workgroups of 64.
  const threads = 16 * 896 / 4;
  assert.deepEqual(embedding, {
    kernel: "embedding_forward",
    dispatches: 1,
    fewest: threads,
    most: threads,
  });
});
