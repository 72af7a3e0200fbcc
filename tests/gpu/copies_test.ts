import { Effect } from "effect";
import { withTraits } from "../../src/gpu/device.ts";
import { createBuilder } from "../../src/model/builder.ts";
import type { Engine } from "../../src/model/engine.ts";
import { linear } from "../../src/model/ops/linear.ts";
import { type Program, programOf, type Tensor } from "../../src/model/plan.ts";
import { createInterpreter } from "../../src/reference/interpreter.ts";
import { assertClose } from "../support/comparison.ts";
import { device, onWgsl, openEngine } from "../support/engines.ts";
import { randomValues } from "../support/random_values.ts";

/** Enough rows that products read activations as textures. */
const ROWS = 130;
const COLS = 8;

/**
 * Phase `make` makes three scratch tensors of one size, the last from the first, so that the first is in a texture.
 * Phase `read` reads all of them in turn, one of them twice.
 */
function manyReaders(): Program {
  const b = createBuilder();
  const x = b.tensor("x", ROWS, COLS, { role: "input" });
  const w = b.tensor("w", COLS, COLS, { role: "input" });
  const first = linear(b, x, w);
  const second = linear(b, x, w, { scale: 2 });
  const third = linear(b, first, w);
  const made = b.ops.length;
  const target = b.tensor("y", ROWS, COLS, { role: "output" });
  const read = (tensor: Tensor, scale: number) =>
    linear(b, tensor, w, { target, accumulate: true, scale });
  read(first, 1);
  read(second, 3);
  read(first, 5);
  read(third, 7);
  const phases = { make: b.ops.slice(0, made), read: b.ops.slice(made) };
  return programOf("readers", phases, ["x", "w"]);
}

const sumsOn = Effect.fnUntraced(function* (engine: Engine, rounds: ReadonlyArray<number>) {
  const executable = yield* engine.load(manyReaders(), {});
  executable.write("w", randomValues(1, COLS * COLS));
  executable.write("y", new Float32Array(ROWS * COLS));
  for (const repeat of rounds) {
    executable.write("x", randomValues(repeat, ROWS * COLS));
    executable.run("make", {});
    executable.run("read", {}, repeat);
  }
  const { y } = yield* executable.read(["y"]);
  return Float32Array.from(y!);
});

onWgsl(
  "scratch tensors that share a texture are read as written, in every round of a run",
  () =>
    Effect.gen(function* () {
      const lines = withTraits(device!, { family: "lines" }); // this test is skipped without an adapter
      const engine = yield* Effect.promise(() => openEngine(lines));
      const rounds = [1, 3, 2];
      const [wgsl, plain] = [
        yield* sumsOn(engine, rounds),
        yield* sumsOn(createInterpreter(), rounds),
      ];
      // Sums of some tens of products of 8 terms.
      assertClose(wgsl, plain, { atol: 1e-4, rtol: 1e-5 });
    }),
);
