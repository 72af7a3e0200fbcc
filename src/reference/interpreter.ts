import { Effect } from "effect";
import { BadInput } from "../domain/errors.ts";
import type { Engine, Executable, HostArray } from "../model/engine.ts";
import { decodeValues, encodeValues, type Format } from "../model/formats.ts";
import { planScratch, programBytes } from "../model/memory.ts";
import { nonFiniteIn } from "../model/non_finite.ts";
import { type DimsOf, named, type TensorsOf } from "../model/ops/op.ts";
import { type OpKind, type RecordOf, recordOf } from "../model/ops/registry.ts";
import {
  bytesOf,
  type Dims,
  dimsOf,
  elementsOf,
  type Op,
  type Program,
  type Tensor,
  tensorsOf,
} from "../model/plan.ts";
import { TILE } from "../model/segments.ts";
import * as attention from "./attention.ts";
import * as dense from "./dense.ts";
import * as head from "./head.ts";
import type { PlainLoop, Values } from "./loop.ts";
import * as lowRank from "./low_rank.ts";
import * as norm from "./norm.ts";
import * as sampling from "./sampling.ts";
import * as update from "./update.ts";

/** The plain loop of every op. */
export const PLAIN_LOOPS: { readonly [Kind in OpKind]: PlainLoop<Kind> } = {
  embedding_forward: dense.embeddingForward,
  embedding_backward: dense.embeddingBackward,
  rmsnorm_forward: norm.rmsnormForward,
  rmsnorm_backward: norm.rmsnormBackward,
  rmsnorm_weight_backward: norm.rmsnormWeightBackward,
  linear_forward: dense.linearForward,
  linear_adapted_forward: lowRank.linearAdaptedForward,
  linear_low_rank_forward: lowRank.linearLowRankForward,
  low_rank_input_backward: lowRank.lowRankInputBackward,
  low_rank_weight_backward: lowRank.lowRankWeightBackward,
  linear_input_backward: dense.linearInputBackward,
  linear_weight_backward: dense.linearWeightBackward,
  column_sum_backward: dense.columnSumBackward,
  transpose_forward: dense.transposeForward,
  rope_forward: norm.ropeForward,
  rope_backward: norm.ropeBackward,
  cache_copy: dense.cacheCopy,
  attention_forward: attention.attentionForward,
  attention_delta: attention.attentionDelta,
  attention_query_backward: attention.attentionQueryBackward,
  attention_key_backward: attention.attentionKeyBackward,
  attention_key_sum: attention.attentionKeySum,
  swiglu_forward: norm.swigluForward,
  swiglu_backward: norm.swigluBackward,
  gather_rows_forward: dense.gatherRowsForward,
  gather_rows_backward: dense.gatherRowsBackward,
  head_forward: head.headForward,
  head_statistics: head.headStatistics,
  head_finish: head.headFinish,
  head_backward: head.headBackward,
  logits_backward: head.logitsBackward,
  sampling_mask: sampling.samplingMask,
  sample: sampling.sample,
  sum_squares: update.sumSquares,
  adamw_update: update.adamwUpdate,
};

/** Runs plans in plain float64 loops: the oracle of every kernel test, and `--device cpu`. */
export function createInterpreter(): Engine {
  const shared = new Map<string, Values>();
  const formats = new Map<string, Format>();
  const allocate = (tensor: Tensor, capacity: Dims) => {
    if (shared.has(tensor.name)) return;
    shared.set(tensor.name, emptyValues(tensor, capacity));
    formats.set(tensor.name, tensor.format);
  };
  return {
    adapter: { name: "plain loops in float64", kind: "interpreter" },
    load: (program, capacity) =>
      Effect.try({
        try: () => loadProgram(program, capacity, shared, allocate),
        catch: noRoom(program.name, 2 * programBytes(program, capacity)),
      }),
    allocate: (tensor, capacity) =>
      Effect.try({
        try: () => allocate(tensor, capacity),
        catch: noRoom(tensor.name, 2 * bytesOf(tensor, capacity)),
      }),
    // Plain loops read no tiles.
    tiles: { queries: [TILE, TILE], readCost: 0, worth: 0 },
    bindingBytes: Infinity,
    fewDispatches: false,
    // Plain loops are for small models, so each program has its own scratch memory.
    reserve: () => Effect.void,
    write: (name, data, at = 0) => lookUp(shared, name).set(rounded(data, formats.get(name)!), at),
    settle: () => Effect.void,
    clear: (names) => names.forEach((name) => lookUp(shared, name).fill(0)),
    read: (names) => Effect.sync(() => copies(names, (name) => lookUp(shared, name).slice())),
  };
}

/** A RangeError says that memory has no room for an array; any other error is a defect. */
function noRoom(what: string, bytes: number) {
  return (error: unknown): BadInput => {
    if (!(error instanceof RangeError)) throw error;
    return new BadInput({
      message: `Cannot hold "${what}" in memory as it needs ${bytes} bytes: ${error.message}`,
    });
  };
}

/** Numbers as they are after storage in a format. Formats of 32 bits are not rounded: the loops keep 64 bits. */
function rounded(data: HostArray, format: Format): HostArray {
  if (format === "f32" || format === "u32") return data;
  return decodeValues(format, encodeValues(format, data).buffer, data.length);
}

function lookUp(values: ReadonlyMap<string, Values>, name: string): Values {
  const found = values.get(name);
  if (found === undefined) throw new Error(`There is no tensor ${name}`);
  return found;
}

function copies(
  names: ReadonlyArray<string>,
  copy: (name: string) => Values,
): Readonly<Record<string, HostArray>> {
  return Object.fromEntries(names.map((name) => [name, copy(name)]));
}

function emptyValues(tensor: Tensor, capacity: Dims): Values {
  const length = elementsOf(tensor, capacity);
  return tensor.format === "u32" ? new Uint32Array(length) : new Float64Array(length);
}

function loadProgram<Phase extends string, Input extends string>(
  program: Program<Phase, Input>,
  capacity: Dims,
  shared: ReadonlyMap<string, Values>,
  allocate: (tensor: Tensor, capacity: Dims) => void,
): Executable<Phase, Input> {
  const values = new Map<string, Values>();
  const scratch = planScratch(program, capacity);
  // Twice the bytes of the plan, since these numbers are 64 bits wide.
  const slots = scratch.slotBytes.map((bytes) => new ArrayBuffer(bytes * 2));
  for (const tensor of tensorsOf(program)) {
    if (tensor.role === "weight" || tensor.role === "gradient" || tensor.role === "state") {
      allocate(tensor, capacity);
      values.set(tensor.name, lookUp(shared, tensor.name));
    } else if (tensor.role === "scratch") {
      const slot = slots[scratch.slotOf.get(tensor.name)!]!;
      values.set(tensor.name, new Float64Array(slot, 0, bytesOf(tensor, capacity) / 4));
    } else values.set(tensor.name, emptyValues(tensor, capacity));
  }
  let lastDims = capacity;
  const valuesOf = (tensors: ReadonlyArray<Tensor>) =>
    tensors.map(({ name }) => lookUp(values, name));
  const runOp = <Kind extends OpKind>(op: Op & { readonly kind: Kind }, dims: Dims) => {
    const given = { inputs: valuesOf(op.inputs), outputs: valuesOf(op.outputs) };
    PLAIN_LOOPS[op.kind](
      // The builder made the op from the tensors and sizes that its record names.
      named(recordOf(op), given) as TensorsOf<RecordOf<Kind>, Values>,
      dimsOf(op, dims) as DimsOf<RecordOf<Kind>, number>,
    );
  };
  const byName = new Map(tensorsOf(program).map((tensor) => [tensor.name, tensor]));
  return {
    write: (name, data, at = 0) => {
      const format = byName.get(name)?.format ?? "f32";
      lookUp(values, name).set(rounded(data, format), at);
    },
    run: (phase, dims, repeat = 1) => {
      lastDims = dims;
      for (let i = 0; i < repeat; i++) program.phases[phase].forEach((op) => runOp(op, dims));
    },
    read: (names) =>
      Effect.sync(() =>
        copies(names, (name) => {
          const tensor = byName.get(name)!;
          return lookUp(values, name).slice(0, elementsOf(tensor, { ...capacity, ...lastDims }));
        })
      ),
    findNonFinite: (phase, dims) =>
      Effect.sync(() => {
        for (const op of program.phases[phase]) {
          runOp(op, dims);
          for (const [index, output] of op.outputs.entries()) {
            const found = nonFiniteIn(op, index, lookUp(values, output.name), dims);
            if (found !== null) return found;
          }
        }
        return null;
      }),
  };
}
