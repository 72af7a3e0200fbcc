import { deepStrictEqual, ok } from "node:assert/strict";
import { partsOf, type Step } from "../../src/gpu/submission.ts";
import { boundOf, piecesOf } from "../../src/gpu/pieces.ts";
import { secondsOf, SLOWEST, workOf } from "../../src/gpu/work.ts";
import { createBuilder } from "../../src/model/builder.ts";
import { attention } from "../../src/model/ops/attention.ts";
import { embedding } from "../../src/model/ops/embedding.ts";
import { linear } from "../../src/model/ops/linear.ts";
import { type Dims, symbol } from "../../src/model/plan.ts";
import type { Builder } from "../../src/model/builder.ts";

/** The work of the last op that is pushed. */
function workWhere(dims: Dims, push: (b: Builder) => void) {
  const b = createBuilder();
  push(b);
  const [piece] = piecesOf(b.ops.at(-1)!, dims, { bindingBytes: Infinity });
  return workOf(piece!, boundOf(piece!));
}

Deno.test("workOf() a product is rows x inner x features, and each operand once", () => {
  const work = workWhere({ N: 3 }, (b) => {
    const x = b.tensor("x", symbol("N"), 8);
    linear(b, x, b.tensor("w", 20, 8, { role: "weight", format: "bf16" }));
  });
  // x, w in 16 bits, y; x also stands for the bias, the residual and the norm, which are not read.
  deepStrictEqual(work, { multiplyAdds: 3 * 8 * 20, bytes: 3 * 8 * 4 + 20 * 8 * 2 + 3 * 20 * 4 });
});

Deno.test("workOf() an embedding is the rows that are looked up", () => {
  const work = workWhere({ N: 5 }, (b) => {
    const ids = b.tensor("ids", symbol("N"), 1, { role: "input", format: "u32" });
    embedding(b, ids, b.tensor("w", 1000, 16, { role: "weight" }));
  });
  deepStrictEqual(work, { multiplyAdds: 0, bytes: 32 + 2 * 5 * 16 * 4 });
});

Deno.test("workOf() attention on a cache is the slots that rows can see, not the slots of others", () => {
  const workAt = (P: number) =>
    workWhere({ N: 2, M: 10_000, Q: 2, P }, (b) => {
      const query = b.tensor("q", symbol("N"), 64);
      const keyValue = b.tensor("cache", symbol("M"), 64, { role: "state" });
      const queries = b.tensor("queries", symbol("Q"), 4, { role: "input", format: "u32" });
      const shape = { heads: 2, keyValueHeads: 1, headDim: 32 };
      attention(b, { query, keyValue, queries, tiles: null, keys: null }, shape);
    });
  const [near, far] = [workAt(100), workAt(200)];
  deepStrictEqual(near.multiplyAdds, 2 * 2 * 2 * 32 * 100);
  deepStrictEqual(far.bytes - near.bytes, 2 * 100 * 64 * 4);
});

Deno.test("secondsOf() is bound by what takes longer", () => {
  const speed = { multiplyAdds: 10, bytes: 5, dispatch: 0 };
  deepStrictEqual(secondsOf({ multiplyAdds: 40, bytes: 5 }, speed), 4);
  deepStrictEqual(secondsOf({ multiplyAdds: 40, bytes: 50 }, speed), 10);
  ok(secondsOf({ multiplyAdds: 55e9, bytes: 0 }, SLOWEST) === 1);
});

/** Dispatches of one pipeline that take so long. */
function stepsOf(seconds: ReadonlyArray<number>): ReadonlyArray<Step> {
  const unused = { op: "", group: {} as GPUBindGroup, grid: [1, 1], offset: 0 } as const;
  const pipeline = {} as GPUComputePipeline; // partsOf only compares pipelines
  return seconds.map((seconds) => ({ _tag: "Dispatch", ...unused, pipeline, seconds }));
}

/** The lengths of the submissions of steps whose pipelines are known. */
function lengths(family: "tiles" | "lines", seconds: ReadonlyArray<number>) {
  const steps = stepsOf(seconds);
  const dispatched = new WeakSet<GPUComputePipeline>();
  for (const step of steps) if (step._tag === "Dispatch") dispatched.add(step.pipeline);
  const parts = partsOf(steps, { pipelines: { dispatched }, traits: { family } });
  deepStrictEqual(parts.flat(), steps);
  return parts.map(({ length }) => length);
}

Deno.test("partsOf() submits at most 50 ms of the slowest GPU at once, and longer dispatches alone", () => {
  const short = new Array<number>(12).fill(0.009);
  deepStrictEqual(lengths("tiles", short), [5, 5, 2]);
  deepStrictEqual(lengths("tiles", [0.01, 0.2, 0.01, 0.3, 0.4]), [1, 1, 1, 1, 1]);
  deepStrictEqual(lengths("tiles", [0.03, 0.03, 0.01, 0.001]), [1, 3]);
});

Deno.test("partsOf() submits 32 steps at once on a CPU, however long they take", () => {
  deepStrictEqual(lengths("lines", new Array<number>(70).fill(1)), [32, 32, 6]);
});
