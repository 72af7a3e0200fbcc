import type { Effect, Scope } from "effect";
import type { BadInput, KernelFailed } from "../domain/errors.ts";
import type { Dims, Program, Tensor } from "./plan.ts";
import type { TileCosts } from "./segments.ts";

/** What runs the plans, as shown to the user and written to `summary.json`. */
export interface Adapter {
  readonly name: string;
  /** A real GPU, a software Vulkan driver, or plain loops in this process. */
  readonly kind: "gpu" | "software" | "interpreter";
}

/** Numbers on the host side. Engines take any of these and convert to what they store. */
export type HostArray = Float32Array | Float64Array | Uint32Array;

/** A row of an op's result that is not finite. The symbol `rows` says what such a row stands for; null if unknown. */
export interface NonFiniteResult {
  readonly op: string;
  readonly row: number;
  readonly rows: string | null;
}

/** A program with memory. Writing and running only queue work; reading waits for it. */
export interface Executable<Phase extends string = string, Input extends string = string> {
  /** Writes numbers to an input tensor, from its element `at` on. @default {0} */
  readonly write: (tensor: Input, data: HostArray, at?: number) => void;
  /** Runs one phase `repeat` times with these sizes and scalars. */
  readonly run: (phase: Phase, dims: Dims, repeat?: number) => void;
  /** Contents of input, output or shared tensors, in one wait. Sizes follow the dims of the last run. */
  readonly read: (
    tensors: ReadonlyArray<string>,
  ) => Effect.Effect<Readonly<Record<string, HostArray>>, KernelFailed>;
  /** Runs a phase op by op and returns the first op whose result is not finite. */
  readonly findNonFinite: (
    phase: Phase,
    dims: Dims,
  ) => Effect.Effect<NonFiniteResult | null, KernelFailed>;
}

/** Runs programs. Tensors of role weight, gradient and state belong to the engine and are shared by name. */
export interface Engine {
  readonly adapter: Adapter;
  /** Gives a program its memory; `capacity` bounds every symbol of later runs. */
  readonly load: <Phase extends string, Input extends string>(
    program: Program<Phase, Input>,
    capacity: Dims,
  ) => Effect.Effect<Executable<Phase, Input>, KernelFailed | BadInput, Scope.Scope>;
  /**
   * Creates buffers of these sizes, largest first, that programs loaded from now on share as scratch memory. A phase
   * that reads what an earlier phase left there must run before any other program does.
   */
  readonly reserve: (slotBytes: ReadonlyArray<number>) => Effect.Effect<void, BadInput>;
  /** Creates a shared tensor if it is new, filled with zeros. */
  readonly allocate: (tensor: Tensor, capacity: Dims) => Effect.Effect<void, BadInput>;
  /** What tiles of attention queries cost in its kernels, which decides how runs cut them. */
  readonly tiles: TileCosts;
  /** Maximum bytes of a tensor that one op can reach at once; larger tensors are reached in stretches of rows. */
  readonly bindingBytes: number;
  /** Whether programs should have few dispatches, since each costs more than some work that is done twice. */
  readonly fewDispatches: boolean;
  /** Overwrites a shared tensor from element `at` on, which must begin a run of its format. @default {0} */
  readonly write: (tensor: string, data: HostArray, at?: number) => void;
  /** Waits until all queued work is done, so that the memory it was copied from is free again. */
  readonly settle: () => Effect.Effect<void, KernelFailed>;
  /** Sets shared tensors to zero. */
  readonly clear: (tensors: ReadonlyArray<string>) => void;
  readonly read: (
    tensors: ReadonlyArray<string>,
  ) => Effect.Effect<Readonly<Record<string, HostArray>>, KernelFailed>;
}
