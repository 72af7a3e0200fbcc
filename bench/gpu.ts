// deno-lint-ignore-file no-console
/**
 * What each op of a model takes of four cards at least, and what it takes here: `gpu.ts qwen2.5-0.5b full`. Prints tables
 * in Markdown and writes them to bench/results. Without a GPU, dispatches and threads are those of a large card. Without
 * arguments it prints what the cards take for each model, the table of docs/kernels.md.
 */
import { Effect } from "effect";
import { type Device, openDevice } from "../src/gpu/device.ts";
import { createGpuEngine } from "../src/gpu/engine.ts";
import { fewDispatches } from "../src/gpu/launches.ts";
import type { Engine } from "../src/model/engine.ts";
import type { ModelForm } from "../src/model/decoder.ts";
import { opsOf, type Program } from "../src/model/plan.ts";
import {
  BINDING_BYTES,
  CARD,
  COUNTED_FORMS,
  COUNTED_SHAPES,
  formOf,
  WORK,
  type Workload,
  workloadsOf,
} from "../tests/support/dispatch_counts.ts";
import {
  CARD_NAMES,
  CARDS,
  cardSeconds,
  phaseSeconds,
  predictionsOf,
  type SizedOp,
  sizedOps,
} from "./roofline.ts";

const [shape, held = "full"] = Deno.args;
if (shape === undefined) {
  console.log(predictions());
  Deno.exit(0);
}
const knownShape = COUNTED_SHAPES.find((name) => name === shape);
const knownForm = COUNTED_FORMS.find((name) => name === held);
if (knownShape === undefined || knownForm === undefined) {
  console.error(
    `Cannot measure as the model must be ${COUNTED_SHAPES.join(", ")} and its form ${
      COUNTED_FORMS.join(", ")
    }: current values are ${shape}, ${held}`,
  );
  Deno.exit(2);
}

/** What four cards take for each model at least. */
function predictions(): string {
  const rows = COUNTED_SHAPES.flatMap((shape) =>
    COUNTED_FORMS.map((held) => [shape, held, ...predictionsOf(formOf(shape, held))])
  );
  const head = ["model", "weights", ...CARD_NAMES];
  const lines = [head, head.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** Milliseconds of one measurement: long beside a wait. */
const TARGET = 100;

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
  engine: Engine,
  { program, dims, room, inputs }: Workload,
  named: ReadonlyArray<SizedOp>,
) {
  const names = new Map(named.flatMap(({ name, ops }) => ops.map((op) => [op, name] as const)));
  const ops = opsOf(program);
  // Each op is a phase, in the same order.
  const phases = Object.fromEntries(ops.map((op, i) => [i, [op]]));
  const single: Program = { ...program, phases };
  const executable = yield* engine.load(single, room);
  for (const [name, values] of Object.entries(inputs)) {
    if (program.inputs.includes(name)) executable.write(name, values);
  }
  yield* engine.settle();
  const wait = yield* timeOf(engine.settle());
  const found = new Map<string, number>();
  for (const [i, op] of ops.entries()) {
    const run = (repeat: number) => {
      executable.run(String(i), dims, repeat);
      return engine.settle();
    };
    yield* run(1);
    const name = names.get(op);
    if (name === undefined || found.has(name)) continue;
    const once = yield* timeOf(run(1));
    const repeat = Math.max(1, Math.min(200, Math.round(TARGET / once)));
    found.set(name, Math.max(0, (yield* timeOf(run(repeat))) - wait) / repeat);
  }
  return found;
}, Effect.scoped);

/** A number with three digits. */
const short = (value: number) => value === 0 ? "0" : Number(value.toPrecision(3)).toString();

function tableOf(
  title: string,
  ops: ReadonlyArray<SizedOp>,
  measured: ReadonlyMap<string, number>,
) {
  const head = [
    ...["op", "ops", "multiply-adds, M", "MB", "dispatches", "threads"],
    ...CARD_NAMES.map((card) => `${card}, ms`),
    "here, ms",
  ];
  const rows = ops.map((op) => [
    op.name,
    op.ops.length,
    short(op.work.multiplyAdds / 1e6),
    short(op.work.bytes / 1e6),
    op.dispatches,
    op.threads,
    ...CARD_NAMES.map((card) => short(1000 * cardSeconds(op, CARDS[card]))),
    measured.has(op.name) ? short(measured.get(op.name)!) : "",
  ]);
  const known = ops.every(({ name }) => measured.has(name));
  const here = ops.reduce((sum, { name, ops }) => sum + ops.length * (measured.get(name) ?? 0), 0);
  const sums = CARD_NAMES.map((card) => short(1000 * phaseSeconds(ops, CARDS[card])));
  const all = ["all", "", "", "", "", "", ...sums, known ? short(here) : ""];
  const lines = [head, head.map(() => "---"), ...rows, all];
  return [`## ${title}`, "", ...lines.map((cells) => `| ${cells.join(" | ")} |`), ""].join("\n");
}

/** The same model with one layer: the sizes of its ops are those of all. */
const oneLayer = (form: ModelForm): ModelForm => ({
  ...form,
  architecture: { ...form.architecture, layers: 1 },
});

const program = Effect.gen(function* () {
  const opened: Device | null = yield* Effect.catchTag(
    openDevice({ takesAny: true }),
    "NoAdapter",
    () => Effect.succeed(null),
  );
  const isCard = opened?.traits.family === "tiles";
  const traits = isCard ? opened.traits : CARD;
  const bindingBytes = opened?.device.limits.maxStorageBufferBindingSize ?? BINDING_BYTES;
  const base = formOf(knownShape, knownForm);
  const fused = fewDispatches(opened?.traits ?? CARD);
  const form: ModelForm = { ...base, bindingBytes, fewDispatches: fused };
  const [whole, small] = [workloadsOf(form), workloadsOf(oneLayer(form))];
  const date = new Date().toISOString().slice(0, 10);
  const name = opened?.adapter.name ?? "no adapter";
  const parts = [`# ${knownShape}, ${knownForm}: ${name}, ${date}`, ""];
  const limits = { traits, bindingBytes, textureBytes: 0 };
  for (const work of WORK) {
    const { program, phase, dims } = whole[work];
    const ops = sizedOps(program.phases[phase]!, dims, limits);
    let measured: ReadonlyMap<string, number> = new Map();
    if (opened !== null) {
      const engine = yield* createGpuEngine(opened);
      const one = small[work];
      const named = sizedOps(one.program.phases[one.phase]!, one.dims, limits);
      measured = yield* measure(engine, one, named);
    }
    const table = tableOf(work, ops, measured);
    console.log(table);
    parts.push(table);
  }
  const file = `bench/results/gpu-${knownShape}-${knownForm}-${name}.md`.replaceAll(
    /[^\w./-]+/g,
    "-",
  );
  yield* Effect.promise(() => Deno.writeTextFile(file, parts.join("\n")));
  console.log(`Written to ${file}`);
});

await Effect.runPromise(Effect.scoped(program));
