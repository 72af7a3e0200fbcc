/** Which sizes of kernels are fastest on an adapter: ops of one layer of a small published model are timed with each. */
import { Duration, Effect } from "effect";
import { embeddedArchitecture } from "./cold_start.ts";
import type { BadInput, KernelFailed } from "../domain/errors.ts";
import { PROJECTIONS } from "../domain/recipe.ts";
import type { Screen } from "../files/screen.ts";
import { type Choices, OPTIONS, USUAL } from "../gpu/choices.ts";
import { type Device, withTraits } from "../gpu/device.ts";
import { createGpuEngine } from "../gpu/engine.ts";
import { TILE_COSTS } from "../gpu/families/attention.ts";
import { fewDispatches } from "../gpu/launches.ts";
import { mean } from "../math/statistics.ts";
import { type Architecture, headGroup } from "../model/architecture.ts";
import type { ModelForm } from "../model/decoder.ts";
import type { Executable, HostArray } from "../model/engine.ts";
import type { OpKind } from "../model/ops/registry.ts";
import { packBatch } from "../model/packing.ts";
import { type Dims, opsOf, type Program } from "../model/plan.ts";
import { gradientProgram } from "../model/programs.ts";
import { dimsOf, policyPrograms } from "../policy/runtime.ts";

/** The name of a list of options. */
export type ListName = keyof typeof OPTIONS;

const LISTS = Object.keys(OPTIONS) as ReadonlyArray<ListName>; // the keys of an object literal

/** A layer of Qwen2.5-0.5B. */
const LAYER: Architecture = {
  ...embeddedArchitecture(640),
  layers: 1,
  hidden: 896,
  heads: 14,
  keyValueHeads: 2,
  headDim: 64,
  feedForward: 4864,
};

/** Sequences of a pass. */
const SEQUENCES = 4;

/** Room for passes over sequences of `length` tokens. */
function capacityOf(length: number) {
  const passTokens = SEQUENCES * length;
  return { rows: 16, contextTokens: length, passTokens, messageTokens: length };
}

/** Some ops of a program, each run with all of some sizes. */
interface Trial {
  readonly program: Program;
  readonly room: Dims;
  readonly inputs: Readonly<Record<string, HostArray>>;
  readonly kinds: ReadonlyArray<OpKind>;
  readonly sizes: ReadonlyArray<Dims>;
}

/** A gradient pass with its tables; of all tokens, or of each of these numbers of rows. */
function passOf(
  form: ModelForm,
  length: number,
  kinds: Trial["kinds"],
  rows = [SEQUENCES * length],
): Trial {
  const segments = Array.from({ length: SEQUENCES }, (_, i) => ({
    start: i * length,
    length,
    firstPosition: 0,
    parent: -1,
    visible: 0,
  }));
  const ids = new Uint32Array(SEQUENCES * length);
  const predictions = Array.from(ids, (target, row) => ({ row, target }));
  const tiling = { ...TILE_COSTS, group: headGroup(form.architecture) };
  const { dims, inputs } = packBatch(segments, ids, predictions, tiling);
  const room = dimsOf(form.architecture, capacityOf(length));
  const all = { ...room, ...dims, inverseTemperature: 1 };
  const sizes = rows.map((N) => ({ ...all, N }));
  return { program: gradientProgram(form), room, inputs, kinds, sizes };
}

/** Decoding of each of these numbers of rows. */
function decodingOf(
  form: ModelForm,
  length: number,
  kinds: Trial["kinds"],
  rows: ReadonlyArray<number>,
): Trial {
  const { program, dims: room } = policyPrograms(form, capacityOf(length)).decode;
  return { program, room, inputs: {}, kinds, sizes: rows.map((N) => ({ ...room, N })) };
}

/** What each list of options is tried on: the ops that it changes. */
function trialsOf(
  full: ModelForm,
  adapted: ModelForm,
  length: number,
): Readonly<Record<ListName, Trial>> {
  const flat = ["rope_backward", "attention_delta"] as const;
  const products = ["linear_low_rank_forward", "linear_forward", "linear_input_backward"] as const;
  return {
    tile: passOf(adapted, length, products),
    tileRows: passOf(full, length, ["linear_forward"], [8, 16, 32, 64]),
    sliceRows: decodingOf(full, length, ["linear_forward"], [16]),
    sliceGroups: decodingOf(full, length, ["linear_forward"], [1]),
    adaptedGroups: decodingOf(adapted, length, ["linear_adapted_forward"], [1, 16]),
    flatWidth: passOf(full, length, flat),
  };
}

/** Milliseconds that a measurement takes at least, and how many there are, of which the shortest counts. */
const [LEAST_MILLISECONDS, ROUNDS] = [30, 3];

/** Times the ops of a trial on a device with these choices: milliseconds of each. */
const timesOf = Effect.fnUntraced(function* (opened: Device, trial: Trial, choices: Choices) {
  const engine = yield* createGpuEngine(withTraits(opened, { choices }));
  const { program, room, inputs, kinds, sizes } = trial;
  const ops = opsOf(program);
  const phases = Object.fromEntries(ops.map((op, i) => [i, [op]]));
  const executable: Executable = yield* engine.load({ ...program, phases }, room);
  for (const name of program.inputs) {
    if (inputs[name] !== undefined) executable.write(name, inputs[name]);
  }
  // The first op reads inputs alone; the others find zeros.
  executable.run("0", sizes[0]!);
  const times: number[] = [];
  for (const [i, { kind }] of ops.entries()) {
    if (!kinds.includes(kind)) continue;
    for (const dims of sizes) {
      const timed = (repeat: number) =>
        millisecondsOf(Effect.suspend(() => {
          executable.run(String(i), dims, repeat);
          return engine.settle();
        }));
      yield* timed(1);
      const once = yield* timed(1);
      const repeat = Math.ceil(LEAST_MILLISECONDS / Math.max(once, 0.1));
      const rounds = yield* Effect.all(Array.from({ length: ROUNDS }, () => timed(repeat)));
      times.push(Math.min(...rounds) / repeat);
    }
  }
  return times;
}, Effect.scoped);

/** Milliseconds that an effect takes. */
export const millisecondsOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.timed(effect), ([duration]) => Duration.toMillis(duration));

/** A change is kept if ops take less than this share of their time: smaller ones are noise. */
const WORTH = 0.97;

/**
 * Tries the options of one list after the other and keeps the fastest of each. `measure` gives the time of each op that
 * a list changes.
 */
export const fastestOf = Effect.fnUntraced(function* <E, R>(
  measure: (list: ListName, choices: Choices) => Effect.Effect<ReadonlyArray<number>, E, R>,
  screen: Pick<Screen, "print">,
) {
  let choices = USUAL;
  for (const list of LISTS) {
    let best = { choices, share: WORTH };
    for (const option of OPTIONS[list]) {
      const tried: Choices = { ...choices, ...option };
      // One after the other, since cards slow down as they warm up.
      const before = yield* measure(list, choices);
      const after = yield* measure(list, tried);
      const share = mean(Float64Array.from(after, (time, i) => time / before[i]!));
      const said = Object.entries(option).map(([name, value]) => `${name} ${value}`).join(", ");
      yield* screen.print(`${said.padEnd(30)}${share.toFixed(2).padStart(6)} of the time`);
      if (share < best.share) best = { choices: tried, share };
    }
    choices = best.choices;
  }
  return choices;
});

const ADAPTERS = {
  rank: 16,
  alpha: 32,
  rankStabilized: false,
  targets: new Set(PROJECTIONS),
} as const;

/** The choices that are fastest on this device, for passes over four sequences of `length` tokens. */
export const tuneChoices: (
  opened: Device,
  screen: Pick<Screen, "print">,
  length?: number,
) => Effect.Effect<Choices, KernelFailed | BadInput> = Effect.fn("tuneChoices")(
  function* (opened, screen, length = 512) {
    const shared = {
      architecture: LAYER,
      bindingBytes: opened.device.limits.maxStorageBufferBindingSize,
      fewDispatches: fewDispatches(opened.traits),
    };
    const trials = trialsOf(
      { ...shared, format: "f32", lora: null },
      { ...shared, format: "bf16", lora: ADAPTERS },
      length,
    );
    return yield* fastestOf((list, choices) => timesOf(opened, trials[list], choices), screen);
  },
);
