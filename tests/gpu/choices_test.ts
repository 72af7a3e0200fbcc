import { deepStrictEqual, notDeepStrictEqual, ok } from "node:assert/strict";
import { Effect } from "effect";
import { TestClock } from "effect/testing";
import { type Choices, choicesOf, OPTIONS, USUAL } from "../../src/gpu/choices.ts";
import { withTraits } from "../../src/gpu/device.ts";
import { createGpuEngine } from "../../src/gpu/engine.ts";
import { fastestOf, type ListName, tuneChoices } from "../../src/programs/tune_choices.ts";
import { adaptedCase } from "../shaders/adapted_cases.ts";
import { inputBackwardCase, linearCase } from "../shaders/linear_cases.ts";
import { forwardCase } from "../shaders/low_rank_cases.ts";
import { createCountingDevice } from "../support/counting_device.ts";
import { BINDING_BYTES, CARD } from "../support/dispatch_counts.ts";
import { device, onWgsl } from "../support/engines.ts";
import { assertSameBits, floats, type OpCase, overwritten, runOp } from "../support/op_cases.ts";
import { randomValues } from "../support/random_values.ts";

const LISTS = Object.keys(OPTIONS) as ReadonlyArray<ListName>; // the keys of an object literal
const SILENT = { print: () => Effect.void };

Deno.test("choicesOf() takes whole options alone: anything else in a file is as usual", () => {
  deepStrictEqual(choicesOf({}), USUAL);
  deepStrictEqual(choicesOf({ tileRows: 64, sliceRows: 4 }), {
    ...USUAL,
    tileRows: 64,
    sliceRows: 4,
  });
  deepStrictEqual(choicesOf({ tileRows: 65, tileSide: 128, another: 3 }), USUAL);
  for (const list of LISTS) {
    for (const option of OPTIONS[list]) {
      const chosen: Choices = { ...USUAL, ...option };
      deepStrictEqual(choicesOf({ ...chosen }), chosen);
    }
  }
});

Deno.test("every option fits 256 invocations and 16 KiB of workgroup memory, and is not the usual one", () => {
  for (const list of LISTS) {
    for (const option of OPTIONS[list]) {
      const chosen: Choices = { ...USUAL, ...option };
      const { tileSide, tileOutputs, flatWidth } = chosen;
      ok(tileSide * tileSide / tileOutputs <= 256 && flatWidth <= 256);
      // Four groups of four inner features of both operands.
      ok(2 * tileSide * 4 * 16 <= 16384);
      notDeepStrictEqual(chosen, USUAL);
    }
  }
});

const gates: OpCase = {
  label: "",
  kind: "swiglu_forward",
  dims: { rows: 37, cols: 36 },
  inputs: [floats(72, randomValues(1, 37 * 72))],
  outputs: [overwritten(37, 36)],
};

/** Ops that each list changes, with and without whole tiles. */
const CASES: Readonly<Record<ListName, ReadonlyArray<OpCase>>> = {
  tile: [
    linearCase({ rows: 70, inner: 68, features: 140, bias: true, scale: 0.5 }),
    inputBackwardCase({ rows: 70, inner: 140, features: 68 }),
    forwardCase({ rows: 70, inner: 68, parts: [[132, 8], [20, 4]] }),
  ],
  tileRows: [12, 70].map((rows) => linearCase({ rows, inner: 132, features: 36, bias: true })),
  sliceRows: [linearCase({ rows: 13, inner: 132, features: 36, from: "norm" })],
  // So many features that a workgroup owns several blocks of them.
  sliceGroups: [linearCase({ rows: 3, inner: 1028, features: 600, from: "norm" })],
  adaptedGroups: [adaptedCase({ rows: 1, inner: 1024, parts: [[3100, 4], [1100, 4]] })],
  flatWidth: [gates],
};

for (const list of LISTS) {
  onWgsl(`no option of ${list} changes a bit`, () =>
    Effect.gen(function* () {
      const resultsOf = Effect.fnUntraced(function* (choices: Choices) {
        const traits = { family: "tiles", storageBuffers: 10, choices } as const;
        // This test is skipped without an adapter.
        const engine = yield* createGpuEngine(withTraits(device!, traits));
        const results = yield* Effect.forEach(CASES[list], (opCase) => runOp(engine, opCase));
        return results.flat();
      }, Effect.scoped);
      const usual = yield* resultsOf(USUAL);
      for (const option of OPTIONS[list]) {
        const found = yield* resultsOf({ ...USUAL, ...option });
        assertSameBits(found, usual, JSON.stringify(option));
      }
    }));
}

Deno.test("fastestOf() keeps the fastest option of each list, and none that is hardly faster", async () => {
  const cost = ({ tileSide, tileRows, sliceRows, flatWidth }: Choices) => [
    tileSide === 128 ? 8 : tileSide === 32 ? 9 : 10,
    10 + Math.abs(tileRows - 16),
    sliceRows === 8 ? 9.8 : 10,
    // One op in two gains what the other loses.
    flatWidth === 32 ? 10 : 20,
    flatWidth === 32 ? 20 : 10,
  ];
  const found = await Effect.runPromise(
    fastestOf((_, choices) => Effect.succeed(cost(choices)), SILENT),
  );
  deepStrictEqual(found, { ...USUAL, tileSide: 128, tileOutputs: 64, tileRows: 16 });
});

/** Tokens of a sequence for which no workgroup is full: so workgroups of another width have another number of threads. */
const ODD = 37;

Deno.test("tuneChoices() dispatches each option in a form of its own, and keeps the usual ones if all take as long", async () => {
  const { opened, dispatches } = createCountingDevice(CARD, BINDING_BYTES);
  const seen: string[] = [];
  const print = () =>
    Effect.sync(() => {
      seen.push(JSON.stringify(dispatches.splice(0)));
    });
  const tuned = tuneChoices(opened, { print }, ODD).pipe(Effect.provide(TestClock.layer()));
  deepStrictEqual(await Effect.runPromise(tuned), USUAL);
  deepStrictEqual(seen.length, LISTS.reduce((sum, list) => sum + OPTIONS[list].length, 0));
  deepStrictEqual(new Set(seen).size, seen.length);
});
