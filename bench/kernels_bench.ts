/**
 * Times the hot kernels on whatever adapter there is: `./igpo bench`. Each measurement is RUNS runs and one wait, since
 * a wait alone costs Deno about 11 ms; divide by RUNS for the time of one.
 */
import { Effect, Scope } from "effect";
import { createGpuEngine } from "../src/gpu/engine.ts";
import { openDevice } from "../src/gpu/device.ts";
import { type Builder, createBuilder } from "../src/model/builder.ts";
import type { Engine, Executable } from "../src/model/engine.ts";
import { linearWeightBackward } from "../src/model/head.ts";
import { attention, linear } from "../src/model/ops.ts";
import { packBatch, separateSegments } from "../src/model/packing.ts";
import { symbol, type Tensor } from "../src/model/plan.ts";

const RUNS = 8;
const SEQUENCES = 32;
const LENGTH = 128;
const ROWS = SEQUENCES * LENGTH;

const scope = Scope.makeUnsafe();
const engine: Engine = await Effect.runPromise(
  Effect.flatMap(openDevice(), createGpuEngine).pipe(Effect.provideService(Scope.Scope, scope)),
);
const packed = packBatch(
  separateSegments(new Array<number>(SEQUENCES).fill(LENGTH)),
  new Uint32Array(ROWS),
  [],
);

const rows = (b: Builder, name: string, cols: number): Tensor =>
  b.tensor(name, symbol("N"), cols, { role: "output" });

/** A program of the ops that `build` pushes, with its first output for the wait. */
async function load(name: string, build: (b: Builder) => void): Promise<[Executable, string]> {
  const b = createBuilder();
  build(b);
  const program = { name, phases: [[...b.ops]] };
  const executable = await Effect.runPromise(
    engine.load(program, packed.dims).pipe(Effect.provideService(Scope.Scope, scope)),
  );
  return [executable, b.ops[0]!.outputs[0]!.name];
}

async function bench(name: string, flops: number, build: (b: Builder) => void): Promise<void> {
  const [executable, output] = await load(name, build);
  if (name.startsWith("attention")) executable.write("queries", packed.inputs["queries"]!);
  const run = async () => {
    executable.run(0, packed.dims, RUNS);
    const { [output]: values } = await Effect.runPromise(executable.read([output]));
    // A dispatch that was refused computes nothing in no time.
    if (values!.length === 0 || Number.isNaN(values![0])) throw new Error(`${name} gave no values`);
  };
  Deno.bench(
    `${name}, ${(RUNS * flops / 1e9).toFixed(1)} GFLOP`,
    { group: name.split(" ")[0]! },
    run,
  );
}

for (const [inner, features] of [[96, 96], [96, 256], [256, 96]] as const) {
  const flops = 2 * ROWS * inner * features;
  await bench(`linear_forward ${inner} to ${features}`, flops, (b) => {
    const weight = b.tensor(`w ${inner} ${features}`, features, inner, { role: "weight" });
    linear(b, rows(b, "x", inner), weight, { target: rows(b, "y", features) });
  });
  await bench(`linear_weight_backward ${inner} to ${features}`, flops, (b) => {
    const dWeight = b.tensor(`dw ${inner} ${features}`, features, inner, { role: "gradient" });
    const window = { weightRow: 0, features };
    linearWeightBackward(b, rows(b, "x", inner), rows(b, "dy", features), dWeight, window);
  });
}
await bench(`attention_forward of ${LENGTH}`, SEQUENCES * LENGTH * LENGTH / 2 * 3 * 128, (b) => {
  const queries = b.tensor("queries", symbol("Q"), 4, { role: "input", format: "u32" });
  const [query, key, value] = [rows(b, "q", 96), rows(b, "k", 32), rows(b, "v", 32)];
  attention(b, { query, key, value, queries, keys: null }, {
    heads: 3,
    keyValueHeads: 1,
    headDim: 32,
  });
});
