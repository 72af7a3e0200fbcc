/** Which dispatches a program makes, and with which sizes: all that is known without a device. */
import { KernelFailed } from "../domain/errors.ts";
import { recordOf } from "../model/ops/registry.ts";
import {
  bytesOf,
  type Dims,
  MOST_TRIPS,
  type Op,
  opsOf,
  type Program,
  symbolOf,
} from "../model/plan.ts";
import { TILE } from "../model/segments.ts";
import { grownBytes } from "./allocation.ts";
import { kernelNamed, kernelsOf } from "./kernels.ts";
import {
  type Bound,
  isMirrored,
  type KernelName,
  type Launch,
  suitsTiles,
  type Traits,
} from "./launches.ts";
import { boundOf, bytesOfStretch, firstBoundRow, type Piece, piecesOf } from "./pieces.ts";
import type { Form } from "./pipelines.ts";
import { MOST_SECONDS_OF_DISPATCH, secondsOf, SLOWEST, workOf } from "./work.ts";

/** An op, or a stretch of its rows, with a kernel that carries it out, alone or with others. */
export interface Scheduled {
  readonly piece: Piece;
  readonly form: Form;
  /** Values for the fields of `Dims`; a launch adds its own. */
  readonly sizes: Bound;
  readonly launches: ReadonlyArray<Launch>;
  /** Seconds of each dispatch on the slowest GPU. */
  readonly seconds: number;
  /** Bytes that the kernel needs to hand on results to the next one of its op; 0 if it is alone. */
  readonly partBytes: number;
}

/** The properties of an adapter that a schedule depends on. */
export interface Limits {
  readonly traits: Traits;
  /** Maximum bytes of a buffer that an op can reach at once. */
  readonly bindingBytes: number;
  /** Maximum bytes of a buffer that can be read as a texture. */
  readonly textureBytes: number;
}

/** The dispatches of ops of these sizes, first to last. */
export function scheduleOf(
  ops: ReadonlyArray<Op>,
  dims: Dims,
  limits: Limits,
): ReadonlyArray<Scheduled> {
  const pieces = ops.flatMap((op) => {
    const { bindingBytes } = limits;
    const whole: Piece = { op, stretch: null, dims };
    const seconds = suitsTiles(limits.traits) ? secondsOnSlowest(whole, boundOf(whole)) : 0;
    const parts = Math.max(1, Math.ceil(seconds / MOST_SECONDS_OF_DISPATCH));
    return piecesOf(op, dims, { bindingBytes, parts });
  });
  return pieces.flatMap((piece) => {
    const bound = boundOf(piece);
    const kernels = kernelsOf(piece.op.kind, bound, limits.traits);
    return kernels.map((kernel) => scheduled(kernel, piece, bound, limits));
  });
}

const secondsOnSlowest = (piece: Piece, bound: Bound) => secondsOf(workOf(piece, bound), SLOWEST);

function scheduled(name: KernelName, piece: Piece, bound: Bound, limits: Limits): Scheduled {
  const { op } = piece;
  const { traits } = limits;
  const kernel = kernelNamed(name);
  if (traits.family === "lines") checkTrips(name, kernel.trips?.(bound) ?? 0);
  const weight = weightInput(op);
  const stored = weight === null ? null : op.inputs[weight]!;
  const wanted = isMirrored(traits) ? kernel.textures?.(bound) ?? [] : [];
  const textures = wanted.map((input) => positionOf(op, input))
    .filter((input) => isCopied(piece, input, limits));
  const format = stored?.format ?? null;
  const seconds = secondsOnSlowest(piece, bound);
  const divisions = Math.max(1, Math.ceil(seconds / MOST_SECONDS_OF_DISPATCH));
  const launches = kernel.launches({ divisions, ...bound }, traits);
  return {
    piece,
    form: { kernel: name, textures, weights: format === "u32" ? null : format },
    // A texture of a weight begins with the weight's row 0, a binding with its first bound row.
    sizes: {
      ...bound,
      firstRow: stored === null || textures.includes(weight!) ? 0 : firstBoundRow(stored),
    },
    launches,
    seconds: seconds / Math.max(1, launches.length) + SLOWEST.dispatch,
    partBytes: kernel.partBytes?.(bound) ?? 0,
  };
}

/** Bytes of the buffer in which these dispatches hand on results to the next one of their op. */
export function partialBytes(schedule: ReadonlyArray<Scheduled>): number {
  return schedule.reduce((most, { partBytes }) => Math.max(most, partBytes), 0);
}

/** The size that this buffer grows to in runs of a program whose symbols are at most those of `capacity`. */
export function plannedPartialBytes(program: Program, capacity: Dims, limits: Limits): number {
  if (!suitsTiles(limits.traits)) return 0;
  const ops = opsOf(program);
  const symbols = ops.flatMap(({ dims }) => Object.values(dims).map(symbolOf));
  // Scalars change no size.
  const scalars = Object.fromEntries(symbols.map((name) => [name, 1]));
  const tiled = program.inputs.includes("tiles") ? { tileRows: TILE } : {};
  return grownBytes(partialBytes(scheduleOf(ops, { ...scalars, ...tiled, ...capacity }, limits)));
}

/** The input that a kernel reads through load_weight; its format chooses that function's text (weight_readers.ts). */
export function weightInput(op: Op): number | null {
  const input = recordOf(op).inputs.indexOf("w");
  return input < 0 ? null : input;
}

function positionOf(op: Op, input: string): number {
  const { inputs, optional = [] } = recordOf(op);
  return [...inputs, ...optional].indexOf(input);
}

/** Whether an input is copied to a texture. A copy of state, such as a cache that changes each token, would not pay. */
function isCopied(piece: Piece, input: number, { textureBytes }: Limits): boolean {
  const tensor = piece.op.inputs[input]!;
  const { size } = bytesOfStretch(piece, tensor) ?? { size: bytesOf(tensor, piece.dims) };
  return tensor.role !== "state" && size <= textureBytes;
}

function checkTrips(kernel: KernelName, trips: number): void {
  if (trips <= MOST_TRIPS) return;
  throw new KernelFailed({
    kernel,
    message:
      `Cannot run ${kernel} as this adapter allows ${MOST_TRIPS} loop iterations of an invocation: current value is ${trips}`,
  });
}
