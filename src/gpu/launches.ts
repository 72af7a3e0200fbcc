/** How kernels are written, and how ops of given sizes are dispatched by them. */
import type { DimsOf, InputOf } from "../model/ops/op.ts";
import type { OpKind, RecordOf } from "../model/ops/registry.ts";
import grid from "../../shaders/lib/grid.wgsl" with { type: "text" };
import { type Choices, USUAL } from "./choices.ts";

/**
 * How kernels are written for an adapter. `lines`: straight lines without a branch, for drivers that run shaders on the
 * CPU in SIMD lanes (llvmpipe). `tiles`: tiles of registers and workgroup memory, for GPUs. `loops`: the smallest code,
 * where compiling costs most (software other than lavapipe).
 */
export type Family = "lines" | "tiles" | "loops";

/** The families, the one for CPUs first. */
export const FAMILIES: ReadonlyArray<Family> = ["lines", "tiles", "loops"];

/** What an adapter can do, as far as the choice of a kernel's form depends on it. */
export interface Traits {
  readonly family: Family;
  readonly workgroupBytes: number;
  readonly maxInvocations: number;
  /** Cores of the host; an adapter that runs on a CPU computes on them. */
  readonly cores: number;
  /** Invocations of a subgroup, which can read each other's registers; 0 if the device has no subgroups. */
  readonly subgroup: number;
  /**
   * Whether a text that uses subgroups begins with `enable subgroups;`: the standard asks for it, Deno's compiler
   * refuses it. @default {false}
   */
  readonly enablesSubgroups?: boolean;
  /** Storage buffers that a kernel can bind; every adapter allows 8. @default {8} */
  readonly storageBuffers?: number;
  /** What `tune` found fastest for kernels of the family `tiles`. @default {USUAL} */
  readonly choices?: Choices;
}

/** Whether ops read textures, which are copies of inputs that they read more than once. */
export function isMirrored({ family }: Traits): boolean {
  return family === "lines";
}

/** Lanes of the widest SIMD register that a CPU adapter computes in. */
export const LANES = 16;

/** Whether kernels may use subgroups: on a CPU, where each is a register, and no wider than their narrowest tile. */
export function suitsSubgroups({ family, subgroup }: Traits): boolean {
  return family === "lines" && subgroup > 0 && subgroup <= LANES;
}

/** Invocations of the workgroups that hold tiles in registers. */
export const TILE_WIDTH = 128;

/** Whether kernels may be those for GPUs. */
export function suitsTiles({ family, maxInvocations }: Traits): boolean {
  return family === "tiles" && maxInvocations >= TILE_WIDTH;
}

/** Storage buffers of `linear_adapted_forward`. */
const ADAPTED_BUFFERS = 10;

/** Whether programs should have few dispatches: on GPUs that bind as many buffers as kernels of much work need. */
export function fewDispatches(traits: Traits): boolean {
  return suitsTiles(traits) && (traits.storageBuffers ?? 8) >= ADAPTED_BUFFERS;
}

/** One dispatch: constants and overrides choose the pipeline, `dims` are added to those of the op. */
export interface Launch {
  readonly constants?: Readonly<Record<string, number>>;
  readonly overrides?: Readonly<Record<string, number>>;
  readonly dims?: Readonly<Record<string, number>>;
  /** Workgroups in x and y. */
  readonly grid: readonly [number, number];
}

/** Sizes and scalars of one run, and the dims of one op. */
export type Bound = Readonly<Record<string, number>>;

/** Sizes of a run that kernels need in addition to the dims of their op; a run may lack some. */
export interface RunSizes {
  /** Rows of the whole op; a piece may have fewer. */
  readonly wholeRows?: number;
  /** Positions of the rotary table. */
  readonly P?: number;
  /** Number of tiles of queries, number of tiles of keys, and queries in a tile. */
  readonly queryTiles?: number;
  readonly keyTiles?: number;
  readonly tileRows?: number;
  /** Dispatches into which a kernel that cannot be cut by rows divides its work. @default {1} */
  readonly divisions?: number;
}

/** Kernels that are forms of an op's kernel for some adapters, each with its op. */
export const FORM_OF = {
  attention_block_query_backward: "attention_query_backward",
  attention_join: "attention_forward",
  attention_lane_key_backward: "attention_key_backward",
  attention_query_forward: "attention_forward",
  attention_split_forward: "attention_forward",
  attention_subgroup_forward: "attention_forward",
  attention_subgroup_query_backward: "attention_query_backward",
  attention_subgroup_key_backward: "attention_key_backward",
  column_block_sum_backward: "column_sum_backward",
  // It follows kernels of head_statistics too.
  head_join: "head_forward",
  head_part_statistics: "head_statistics",
  head_tile_forward: "head_forward",
  linear_row_forward: "linear_forward",
  linear_slice_forward: "linear_forward",
  linear_subgroup_weight_backward: "linear_weight_backward",
  linear_tile_forward: "linear_forward",
  linear_tile_weight_backward: "linear_weight_backward",
  rmsnorm_block_weight_backward: "rmsnorm_weight_backward",
  rmsnorm_row_backward: "rmsnorm_backward",
  rmsnorm_row_forward: "rmsnorm_forward",
  rope_output_forward: "rope_forward",
  sample_join: "sample",
  sample_parts: "sample",
} as const satisfies Readonly<Record<string, OpKind>>;

/** The name of a kernel: that of its op, or of a form of it. */
export type KernelName = OpKind | keyof typeof FORM_OF;

/** The record of the op that a kernel carries out. */
type OpOf<Name extends KernelName> = RecordOf<
  Name extends keyof typeof FORM_OF ? (typeof FORM_OF)[Name] : Name
>;

/** The dims of the op that a kernel carries out, and the sizes of its run. */
export type BoundOf<Name extends KernelName> = DimsOf<OpOf<Name>, number> & RunSizes;

/** A kernel: its text, and how an op of given sizes is dispatched. */
export interface Kernel<Sizes, Input extends string = string> {
  readonly code: string;
  /** The text for adapters whose kernels use subgroups. @default {code} */
  readonly subgroupCode?: string;
  /** Whether loops marked `// @unroll` are unrolled for every adapter. @default {only in the family `lines`} */
  readonly unrolled?: boolean;
  readonly launches: (dims: Sizes, traits: Traits) => ReadonlyArray<Launch>;
  /** Bytes of `partials`, which hand on results to the next kernel of the same op. @default {no such binding} */
  readonly partBytes?: (dims: Sizes) => number;
  /** Loop iterations of one invocation, if they grow with the sizes. */
  readonly trips?: (dims: Sizes) => number;
  /** Inputs that the family `lines` reads through textures, since it would read them repeatedly, lane by lane. */
  readonly textures?: (dims: Sizes) => ReadonlyArray<Input>;
}

/** Kernels by name, each typed by the sizes and inputs of its op. */
export type Kernels = {
  readonly [Name in KernelName]: Kernel<BoundOf<Name>, InputOf<OpOf<Name>>>;
};

/** Workgroups per row of a folded grid; equals GRID_X of shaders/lib/grid.wgsl. */
const GRID_X = 32768;

/** A grid of one workgroup for each item, for kernels that find their item with `grid.wgsl`. */
export function folded(workgroups: number): readonly [number, number] {
  return [Math.min(workgroups, GRID_X), Math.ceil(workgroups / GRID_X)];
}

/** Options of a kernel with one invocation for each item. */
export interface FlatOptions<Sizes, Input extends string>
  extends Pick<Kernel<Sizes, Input>, "trips" | "textures"> {
  readonly constants?: (dims: Sizes) => Bound;
  /** Invocations of a workgroup. @default {32} */
  readonly width?: number;
  /** Width on CPU adapters, where a core's unit of work is one SIMD register of lanes. @default {width} */
  readonly cpuWidth?: number;
}

/** A kernel with one invocation for each item. Its sizes are those of the op that it is declared for. */
export function flat<Sizes, Input extends string>(
  source: string,
  items: (dims: NoInfer<Sizes>) => number,
  { constants, width: usual = 32, cpuWidth = usual, ...options }: FlatOptions<
    NoInfer<Sizes>,
    NoInfer<Input>
  > = {},
): Kernel<Sizes, Input> {
  return {
    ...options,
    code: `${source}\n${grid}`,
    launches: (dims, { family, choices: { flatWidth } = USUAL }) => {
      const least = family === "tiles" ? flatWidth : 0;
      const width = Math.max(least, family === "lines" ? cpuWidth : usual);
      return [{
        constants: constants?.(dims) ?? {},
        overrides: { WG: width },
        grid: folded(Math.ceil(items(dims) / width)),
      }];
    },
  };
}

/** Rows of a matrix. */
export const rowsOf = ({ rows }: { readonly rows: number }) => rows;

/** Reads these inputs as textures if there are many rows; few do not pay for a copy, which ends the compute pass. */
export const ofManyRows =
  <Input extends string>(...inputs: ReadonlyArray<Input>) =>
  ({ rows }: { readonly rows: number }) => rows >= 128 ? inputs : [];
