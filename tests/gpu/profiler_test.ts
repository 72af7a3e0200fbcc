import { deepStrictEqual, ok } from "node:assert/strict";
import { Effect } from "effect";
import { chooseDriver } from "../../src/files/driver.ts";
import { openDevice } from "../../src/gpu/device.ts";
import { createGpuEngine } from "../../src/gpu/engine.ts";
import { onWgsl } from "../support/engines.ts";
import { floats, type OpCase, overwritten, runOp } from "../support/op_cases.ts";

const SMALL: OpCase = {
  label: "",
  kind: "swiglu_forward",
  dims: { rows: 1, cols: 4 },
  inputs: [floats(8, Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8))],
  outputs: [overwritten(1, 4)],
};

onWgsl(
  "a profiled device times every dispatch, and computes the same",
  (engine) =>
    Effect.gen(function* () {
      const plain = yield* runOp(engine.fresh(), SMALL);
      const opened = yield* openDevice({ choice: yield* chooseDriver(), profile: true });
      // An adapter without timestamp queries has no profiler; the adapters of the tests have timestamp queries.
      if (opened.profiler === null) throw new Error("The adapter has no timestamp queries");
      const profiled = yield* createGpuEngine(opened);
      deepStrictEqual(yield* runOp(profiled, SMALL), plain);
      yield* runOp(profiled, SMALL);
      const { times: [time, ...others], untimed } = yield* opened.profiler.profile;
      deepStrictEqual([others, untimed], [[], 0]);
      deepStrictEqual([time!.op, time!.dispatches], ["swiglu_forward", 2]);
      ok(time!.seconds > 0 && time!.seconds < 1);
    }).pipe(Effect.scoped),
);
