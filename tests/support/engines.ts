import { Effect, Scope } from "effect";
import { chooseDriver } from "../../src/files/driver.ts";
import { type Device, openDevice, withTraits } from "../../src/gpu/device.ts";
import { createGpuEngine } from "../../src/gpu/engine.ts";
import { FAMILIES, type Family, suitsSubgroups, type Traits } from "../../src/gpu/launches.ts";
import type { Engine } from "../../src/model/engine.ts";
import type { OpKind } from "../../src/model/ops/registry.ts";
import { type Op, opsOf, type Program, type Tensor } from "../../src/model/plan.ts";
import { createInterpreter } from "../../src/reference/interpreter.ts";

/** A way to run plans, on which every suite runs. */
export interface TestEngine {
  readonly name:
    | "plain"
    | "wgsl"
    | "wgsl with loops"
    | "wgsl with tiles"
    | "wgsl without subgroups";
  /** An engine that holds no tensor yet. Kernels once compiled stay compiled. */
  readonly fresh: () => Engine;
}

/** A scope that lives as long as the test file; the end of the file destroys the device with everything on it. */
const fileScope = Scope.makeUnsafe();

/** The family of kernels that TEST_FAMILY names, rather than that of the adapter. */
const family = FAMILIES.find((name) => name === Deno.env.get("TEST_FAMILY"));

/** The adapter's device, opened once for a test file, or null where there is no adapter. */
export const device: Device | null = await Effect.runPromise(
  Effect.flatMap(chooseDriver(), (choice) => openDevice({ choice })).pipe(
    Effect.map((opened) => family === undefined ? opened : withTraits(opened, { family })),
    Effect.provideService(Scope.Scope, fileScope),
    Effect.catchTag("NoAdapter", () => Effect.succeed(null)),
  ),
);

/** The families that the driver compiles in seconds: on straight lines all but lavapipe take minutes, or break. */
export const COMPILED: ReadonlyArray<Family> = FAMILIES.filter((family) =>
  family !== "lines" || /llvmpipe/i.test(device?.adapter.name ?? "")
);

if (device === null) {
  // This adds a line to the results, since the output of tests may be hidden.
  Deno.test.ignore("NO WEBGPU ADAPTER: the wgsl tests of this file are SKIPPED", () => {});
}

/** An engine on `opened` for as long as the test file runs. */
export function openEngine(opened: Device): Promise<Engine> {
  return Effect.runPromise(
    createGpuEngine(opened).pipe(Effect.provideService(Scope.Scope, fileScope)),
  );
}

const shared = device === null ? null : await openEngine(device);
let spaces = 0;

const plain: TestEngine = { name: "plain", fresh: createInterpreter };
const wgsl: TestEngine = {
  name: "wgsl",
  fresh: () => {
    if (shared === null) throw new Error("A wgsl test ran without an adapter");
    return inNamespace(shared, `space ${spaces++} `);
  },
};

/** Engines with the kernels that other adapters get. */
const others: ReadonlyArray<TestEngine> = await openOthers();

async function openOthers(): Promise<ReadonlyArray<TestEngine>> {
  if (device === null) return [];
  const engines: TestEngine[] = [];
  const open = async (name: TestEngine["name"], traits: Partial<Traits>) => {
    const engine = await openEngine(withTraits(device, traits));
    engines.push({ name, fresh: () => inNamespace(engine, `space ${spaces++} `) });
  };
  for (const family of ["loops", "tiles"] as const) {
    if (family !== device.traits.family) await open(`wgsl with ${family}`, { family });
  }
  if (suitsSubgroups(device.traits)) await open("wgsl without subgroups", { subgroup: 0 });
  return engines;
}

/** The plain loops and WGSL; the latter must not be used where `device` is null. */
export const ENGINES: ReadonlyArray<TestEngine> = [plain, wgsl];

/** Declares a test for the plain loops and for WGSL; the latter counts as skipped without an adapter. */
export function eachEngine(
  claim: string,
  body: (engine: TestEngine) => Effect.Effect<void, unknown, Scope.Scope>,
): void {
  for (const engine of ENGINES) {
    const ignore = engine.name === "wgsl" && device === null;
    Deno.test({ name: `${engine.name}: ${claim}`, ignore, fn: () => runTest(body(engine)) });
  }
}

/** Declares a test that needs an adapter. */
export function onWgsl(
  claim: string,
  body: (engine: TestEngine) => Effect.Effect<void, unknown, Scope.Scope>,
): void {
  Deno.test({
    name: `wgsl: ${claim}`,
    ignore: device === null,
    fn: () => runTest(body(wgsl)),
  });
}

/** Ops whose kernels use subgroups on adapters that have them. */
const KINDS_BY_SUBGROUPS: ReadonlyArray<OpKind> = [
  ...["linear_weight_backward", "head_forward", "head_backward"] as const,
];

/** Ops that have kernels of their own for GPUs. */
const KINDS_FOR_GPUS: ReadonlyArray<OpKind> = [
  ...[
    "attention_forward",
    "linear_forward",
    "linear_adapted_forward",
    "linear_weight_backward",
    "linear_input_backward",
    "linear_low_rank_forward",
    "low_rank_input_backward",
    "low_rank_weight_backward",
    "column_sum_backward",
    "rmsnorm_forward",
    "rope_forward",
    "sample",
    "rmsnorm_backward",
    "rmsnorm_weight_backward",
    "head_forward",
    "head_statistics",
  ] as const,
];

/** Declares a test that needs an adapter for every form in which the kernels of an op run. */
export function eachForm(
  claim: string,
  kind: OpKind,
  body: (engine: TestEngine) => Effect.Effect<void, unknown, Scope.Scope>,
): void {
  onWgsl(claim, body);
  // Only a few ops have kernels for GPUs or with subgroups.
  const forms = others.filter(({ name }) =>
    name === "wgsl with tiles"
      ? KINDS_FOR_GPUS.includes(kind)
      : name !== "wgsl without subgroups" || KINDS_BY_SUBGROUPS.includes(kind)
  );
  for (const other of forms) Deno.test(`${other.name}: ${claim}`, () => runTest(body(other)));
}

/** The engine with the kernels for GPUs; undefined without an adapter. */
export const TILES = device?.traits.family === "tiles"
  ? wgsl
  : others.find(({ name }) => name === "wgsl with tiles");

/** Declares a test of the kernels for GPUs, on any adapter. */
export function onTiles(
  claim: string,
  body: (engine: TestEngine) => Effect.Effect<void, unknown, Scope.Scope>,
): void {
  Deno.test({
    name: `wgsl with tiles: ${claim}`,
    ignore: TILES === undefined,
    fn: () => runTest(body(TILES!)),
  });
}

/** Declares a test of the plain loops alone. */
export function onPlain(
  claim: string,
  body: (engine: TestEngine) => Effect.Effect<void, unknown, Scope.Scope>,
): void {
  Deno.test(`plain: ${claim}`, () => runTest(body(plain)));
}

/** Runs a test's effect; what it acquired is released. */
export function runTest(body: Effect.Effect<void, unknown, Scope.Scope>): Promise<void> {
  return Effect.runPromise(Effect.scoped(body));
}

const isShared = ({ role }: Tensor) => role === "weight" || role === "gradient" || role === "state";

/** The same device under other names, so that two models of one file do not share tensors. */
function inNamespace(engine: Engine, prefix: string): Engine {
  const rename = (tensor: Tensor): Tensor =>
    isShared(tensor) ? { ...tensor, name: prefix + tensor.name } : tensor;
  const read = (from: Pick<Engine, "read">, names: ReadonlyArray<string>, real: Rename) =>
    Effect.map(
      from.read(names.map(real)),
      (found) => Object.fromEntries(names.map((name) => [name, found[real(name)]!])),
    );
  const all: Rename = (name) => prefix + name;
  return {
    adapter: engine.adapter,
    allocate: (tensor, capacity) => engine.allocate(rename(tensor), capacity),
    tiles: engine.tiles,
    bindingBytes: engine.bindingBytes,
    fewDispatches: engine.fewDispatches,
    reserve: (slotBytes) => engine.reserve(slotBytes),
    write: (name, data, at) => engine.write(all(name), data, at),
    settle: () => engine.settle(),
    clear: (names) => engine.clear(names.map(all)),
    read: (names) => read(engine, names, all),
    load: (program, capacity) =>
      Effect.map(engine.load(renamed(program, rename), capacity), (executable) => {
        const names = new Set(sharedNames(program));
        const real: Rename = (name) => names.has(name) ? prefix + name : name;
        return {
          ...executable,
          write: (name, data, at) => executable.write(real(name), data, at),
          read: (wanted) => read(executable, wanted, real),
        };
      }),
  };
}

type Rename = (name: string) => string;

function sharedNames(program: Program): ReadonlyArray<string> {
  return opsOf(program).flatMap(({ inputs, outputs }) => [...inputs, ...outputs])
    .filter(isShared).map(({ name }) => name);
}

/** The program with other tensors; one tensor stays one tensor. */
function renamed<Phase extends string>(
  program: Program<Phase>,
  rename: (tensor: Tensor) => Tensor,
): Program<Phase> {
  const made = new Map<Tensor, Tensor>();
  const of = (tensor: Tensor): Tensor => {
    const known = made.get(tensor) ?? rename(tensor);
    made.set(tensor, known);
    return known;
  };
  const ofOp = (op: Op): Op => ({
    ...op,
    inputs: op.inputs.map(of),
    outputs: op.outputs.map(of),
  });
  const phases: Record<Phase, ReadonlyArray<Op>> = { ...program.phases };
  for (const phase of Object.keys(phases) as Phase[]) phases[phase] = phases[phase].map(ofOp);
  return { ...program, phases };
}
