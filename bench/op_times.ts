/** What each op of a published model takes on the adapter at hand, beside what four cards take for it at least. */
import { Effect } from "effect";
import { chooseDriver } from "../src/files/driver.ts";
import { type Device, openDevice } from "../src/gpu/device.ts";
import { createGpuEngine } from "../src/gpu/engine.ts";
import { fewDispatches } from "../src/gpu/launches.ts";
import type { ModelForm } from "../src/model/decoder.ts";
import { opsOf, type Program } from "../src/model/plan.ts";
import {
  BINDING_BYTES,
  type BUILT_IN,
  CARD,
  formOf,
  type Held,
  WORK,
  type Workload,
  workloadsOf,
} from "../tests/support/dispatch_counts.ts";
import type { ShapeName } from "./random_model.ts";
import { type SizedOp, sizedOps } from "./roofline.ts";

/** The ops of a piece of work, and the milliseconds of each that was measured. */
export interface TimedWork {
  readonly work: typeof WORK[number];
  readonly ops: ReadonlyArray<SizedOp>;
  readonly measured: ReadonlyMap<string, number>;
}

/** Which model is measured. */
export interface Measured {
  readonly shape: ShapeName | typeof BUILT_IN;
  readonly held: Held;
}

/** Milliseconds of one measurement: long beside a wait. */
const TARGET = 50;

/** Waits that are timed, and measurements of an op. */
const TIMES = 3;

const now = Effect.sync(() => performance.now());

/** Milliseconds of an effect. */
const timeOf = <E, R>(effect: Effect.Effect<unknown, E, R>) =>
  Effect.gen(function* () {
    const start = yield* now;
    yield* effect;
    return (yield* now) - start;
  });

/** Milliseconds of each op of a program by its name, one after the other on real tables and weights of zero. */
const measure = Effect.fnUntraced(function* (
  opened: Device,
  { program, dims, room, inputs }: Workload,
  named: ReadonlyArray<SizedOp>,
) {
  const engine = yield* createGpuEngine(opened);
  const names = new Map(named.flatMap(({ name, ops }) => ops.map((op) => [op, name] as const)));
  const ops = opsOf(program);
  // Each op is a phase, in the same order.
  const phases = Object.fromEntries(ops.map((op, i) => [i, [op]]));
  const single: Program = { ...program, phases };
  const executable = yield* engine.load(single, room);
  for (const [name, values] of Object.entries(inputs)) {
    if (program.inputs.includes(name)) executable.write(name, values);
  }
  // The least of some waits: other programs on the machine make a wait longer.
  const waits = yield* Effect.all(Array.from({ length: TIMES }, () => timeOf(engine.settle())));
  const wait = Math.min(...waits);
  const found = new Map<string, number>();
  for (const [i, op] of ops.entries()) {
    // Drivers for CPUs compute within the call, which must not begin before the clock.
    const run = (repeat: number) =>
      Effect.suspend(() => {
        executable.run(String(i), dims, repeat);
        return engine.settle();
      });
    yield* run(1);
    const name = names.get(op);
    if (name === undefined || found.has(name)) continue;
    const once = yield* timeOf(run(1));
    const repeat = Math.max(1, Math.min(200, Math.round(TARGET / Math.max(0.1, once - wait))));
    // The least of some times, as for waits.
    const times = yield* Effect.all(Array.from({ length: TIMES }, () => timeOf(run(repeat))));
    const all = Math.min(...times, ...(repeat === 1 ? [once] : []));
    found.set(name, Math.max(0, all - wait) / repeat);
  }
  return found;
}, Effect.scoped);

/** The same model with one layer: the sizes of its ops are those of all. */
const oneLayer = (form: ModelForm): ModelForm => ({
  ...form,
  architecture: { ...form.architecture, layers: 1 },
});

/** The name of the adapter, and the time of each op on it; without one, no op is measured. */
export const timeOps = Effect.fnUntraced(function* ({ shape, held }: Measured) {
  yield* chooseDriver();
  const opened = yield* Effect.catchTag(
    openDevice({ takesAny: true }),
    "NoAdapter",
    () => Effect.succeed(null),
  );
  const traits = opened?.traits.family === "tiles" ? opened.traits : CARD;
  const bindingBytes = opened?.device.limits.maxStorageBufferBindingSize ?? BINDING_BYTES;
  const fused = fewDispatches(opened?.traits ?? CARD);
  const form: ModelForm = { ...formOf(shape, held), bindingBytes, fewDispatches: fused };
  const [whole, small] = [workloadsOf(form), workloadsOf(oneLayer(form))];
  const limits = { traits, bindingBytes, textureBytes: 0 };
  const works: Array<TimedWork> = [];
  for (const work of WORK) {
    const { program, phase, dims } = whole[work];
    const ops = sizedOps(program.phases[phase]!, dims, limits);
    const one = small[work];
    const named = sizedOps(one.program.phases[one.phase]!, one.dims, limits);
    const measured = opened === null
      ? new Map<string, number>()
      : yield* measure(opened, one, named);
    works.push({ work, ops, measured });
  }
  return { name: opened?.adapter.name ?? "no adapter", works };
}, Effect.scoped);
