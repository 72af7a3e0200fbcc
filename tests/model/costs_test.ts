/** Upper bounds on the ops, dispatches and bytes of a run: a change for the worse fails, one for the better passes. */
import { TILING } from "../support/forests.ts";
import { deepStrictEqual, ok } from "node:assert/strict";
import { embeddedArchitecture } from "../../src/programs/cold_start.ts";
import { RECIPES } from "../../src/domain/recipe.ts";
import { kernelNamed } from "../../src/gpu/kernels.ts";
import type { Traits } from "../../src/gpu/launches.ts";
import { scheduleOf } from "../../src/gpu/schedule.ts";
import { decodeProgram } from "../../src/model/decode.ts";
import { programBytes } from "../../src/model/memory.ts";
import { packBatch } from "../../src/model/packing.ts";
import type { Dims, Op, Program } from "../../src/model/plan.ts";
import { inFloat32, separateSegments } from "../support/plans.ts";
import { cacheProgram, gradientProgram, updateProgram } from "../../src/model/programs.ts";

const ARCHITECTURE = embeddedArchitecture(640);
const RECIPE = RECIPES.get("embedded")!;
const TOKENS = RECIPE.microBatchTokens;
const SLOTS = RECIPE.promptsPerStep * RECIPE.groupSize * RECIPE.contextTokens;
const SCALARS = ["inverseTemperature", "greedy", "stop0", "stop1", "stop2", "stop3"];
const UPDATE = ["learningRate", "gradientScale", "correction1", "correction2"];

/** The sizes that the default run reserves. */
const ROOM: Dims = {
  N: TOKENS,
  R: TOKENS,
  Q: 17 * TOKENS,
  K: 25 * TOKENS,
  queryTiles: TOKENS,
  keyTiles: 2 * TOKENS,
  U: 640,
  S: 512,
  M: SLOTS + TOKENS,
  C: SLOTS,
  P: RECIPE.contextTokens + 1024,
  ...Object.fromEntries([...SCALARS, ...UPDATE].map((name) => [name, 1])),
};
/** 32 sequences of 128 tokens, with the tables of their attention. */
const BATCH = packBatch(
  separateSegments(new Array<number>(32).fill(128)),
  new Uint32Array(TOKENS),
  [],
  TILING,
);
const LAVAPIPE: Traits = {
  family: "lines",
  workgroupBytes: 32768,
  maxInvocations: 1024,
  cores: 2,
  subgroup: 16,
};

const LIMITS = { traits: LAVAPIPE, bindingBytes: 2 ** 30, textureBytes: 2 ** 27 };

function launches(ops: ReadonlyArray<Op>, dims: Dims) {
  return scheduleOf(ops, dims, LIMITS).flatMap(({ form: { kernel }, launches }) =>
    launches.map((launch) => ({ kernel, ...launch }))
  );
}

function assertDispatches<Phase extends string>(
  { name, phases }: Program<Phase>,
  dims: Dims,
  most: Readonly<Record<Phase, number>>,
): void {
  for (const phase of Object.keys(phases) as Phase[]) {
    const count = launches(phases[phase], dims).length;
    ok(count <= most[phase], `${phase} of ${name}: ${count} dispatches, ${most[phase]} at most`);
  }
}

Deno.test("a decoded token costs 22 dispatches at most, whatever the number of rows", () => {
  const program = decodeProgram(inFloat32(ARCHITECTURE), { messageTokens: 40, masked: false });
  for (const N of [1, 16, 64]) assertDispatches(program, { ...ROOM, N, Q: N }, { step: 22 });
});

Deno.test("products of decoding, and of a prefill of few rows or many, are these many to compile", () => {
  const { fill, fillFew } = cacheProgram(inFloat32(ARCHITECTURE)).phases;
  const decoding = decodeProgram(inFloat32(ARCHITECTURE), { messageTokens: 40, masked: false });
  const decode = decoding.phases.step;
  const compiled = (ops: ReadonlyArray<Op>, rows: ReadonlyArray<number>) => {
    const products = rows.flatMap((N) => launches(ops, { ...ROOM, N, Q: N }))
      .filter(({ kernel }) => kernel.startsWith("linear"));
    return new Set(products.map(({ kernel, constants }) => JSON.stringify([kernel, constants])));
  };
  const few = compiled(decode, [1, 8, 9, 16, 17, 40]);
  const many = compiled(fill, [65, 100, 128, 1000, 4096]);
  const both = compiled(fillFew, [1, 2, 8, 9, 33, 40]).union(few);
  deepStrictEqual([few.size, both.size, many.size], [5, 5, 3]);
});

Deno.test("a sum over more inner features is as many dispatches as tiles of workgroup memory", () => {
  const sizes = { from: 0, features: 64, outCols: 64, outColumn: 0 };
  const counted = (rows: number, inners: ReadonlyArray<number>) =>
    inners.map((inner) =>
      kernelNamed("linear_forward").launches({ ...sizes, rows, inner }, LAVAPIPE).length
    );
  deepStrictEqual(counted(8, [1024, 1028]), [1, 2]);
  deepStrictEqual(counted(65, [384, 512, 896, 4864]), [1, 1, 1, 5]);
});

Deno.test("a pass of 4096 tokens costs at most these dispatches", () => {
  const dims = { ...ROOM, ...BATCH.dims, R: 1400, U: 400 };
  assertDispatches(gradientProgram(inFloat32(ARCHITECTURE)), dims, { forward: 41, backward: 83 });
  const most = { fill: 22, fillFew: 15, score: 41, copy: 3 };
  assertDispatches(cacheProgram(inFloat32(ARCHITECTURE)), { ...dims, R: TOKENS }, most);
});

Deno.test("programs of the default run take at most these megabytes", () => {
  const adamw = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0, decayed: "all" } as const;
  const model = inFloat32(ARCHITECTURE);
  const decoding = { ...ROOM, N: 64, Q: 64 };
  const programs: ReadonlyArray<readonly [Program, Dims, number]> = [
    [decodeProgram(model, { messageTokens: 40, masked: false }), decoding, 30.2],
    [cacheProgram(model), ROOM, 47.6],
    [gradientProgram(model), ROOM, 100.3],
    [updateProgram(model, adamw), ROOM, 5.8],
  ];
  for (const [program, dims, most] of programs) {
    const megabytes = programBytes(program, dims) / 1e6;
    ok(megabytes <= most, `${program.name} takes ${megabytes} MB, ${most} at most`);
  }
});
