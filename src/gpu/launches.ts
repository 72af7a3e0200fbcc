/** How ops of given sizes are dispatched: the rules that several kernels share. */
import { TILE } from "../model/segments.ts";
import slots from "../../shaders/lib/slots.wgsl" with { type: "text" };
import grid from "../../shaders/lib/grid.wgsl" with { type: "text" };

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
  /** Cores of the host, which are the adapter's where it runs on a CPU. */
  readonly cores: number;
  /** Invocations of a subgroup that read each other's registers, for kernels that do so; 0 where they cannot. */
  readonly subgroup: number;
}

/** Whether ops read textures, copies of what they read more than once. */
export function isMirrored({ family }: Traits): boolean {
  return family === "lines";
}

/** One dispatch: constants and overrides choose the pipeline, `dims` are added to those of the op. */
export interface Launch {
  readonly constants: Readonly<Record<string, number>>;
  readonly overrides: Readonly<Record<string, number>>;
  readonly dims: Readonly<Record<string, number>>;
  /** Workgroups in x and y. */
  readonly grid: readonly [number, number];
}

/** Sizes and scalars of one run, and the dims of one op. */
export type Bound = Readonly<Record<string, number>>;

/** Rows of a matrix. */
export const rowsOf = (dims: Bound) => dims["rows"]!;

/** A kernel: its text, and how an op of given sizes is dispatched. */
export interface Kernel {
  readonly code: string;
  /** The text where kernels work by subgroups. @default {code} */
  readonly subgroupCode?: string;
  /** Whether marked loops are written out for every adapter. @default {only in the family `lines`} */
  readonly unrolled?: boolean;
  readonly launches: (dims: Bound, traits: Traits) => ReadonlyArray<Launch>;
  /** Loop iterations of one invocation, where they grow with the sizes. */
  readonly trips: (dims: Bound) => number;
  /** The input read through load_weight, if any: the text of that is chosen by the format (weight_readers.ts). */
  readonly weightInput: number | null;
  /** Inputs that straight-line adapters read again and again, lane by lane: better through textures. */
  readonly textures: (dims: Bound) => ReadonlyArray<number>;
}

const none = () => [];

/** Workgroups per row of a folded grid; equals GRID_X of shaders/lib/grid.wgsl. */
const GRID_X = 32768;

function folded(workgroups: number): readonly [number, number] {
  return [Math.min(workgroups, GRID_X), Math.ceil(workgroups / GRID_X)];
}

interface FlatOptions {
  readonly trips?: (dims: Bound) => number;
  readonly constants?: (dims: Bound) => Bound;
  readonly width?: number;
  /** Width on CPU adapters, where each register of lanes is a unit of work for a core. @default {width} */
  readonly cpuWidth?: number;
  readonly textures?: ReadonlyArray<number>;
}

/** One invocation for each item, `width` to a workgroup. */
export function flat(
  source: string,
  items: (dims: Bound) => number,
  options: FlatOptions = {},
): Kernel {
  return {
    code: `${source}\n${grid}`,
    launches: (dims, { family }) => {
      const width = (family === "lines" ? options.cpuWidth : undefined) ?? options.width ?? 32;
      return [{
        constants: options.constants?.(dims) ?? {},
        overrides: { WG: width },
        dims: {},
        grid: folded(Math.ceil(items(dims) / width)),
      }];
    },
    trips: options.trips ?? (() => 0),
    weightInput: null,
    // A copy ends the compute pass, which a few rows are not worth.
    textures: (dims) =>
      (dims["elements"] ?? dims["rows"]! * 64) >= 8192 ? options.textures ?? [] : [],
  };
}

/** A kernel whose input `weightInput` is read through load_weight. */
export function reading(kernel: Omit<Kernel, "weightInput">, weightInput: number): Kernel {
  return { ...kernel, weightInput };
}

/** One workgroup for each item. */
export function perWorkgroup(source: string, items: (dims: Bound) => number): Kernel {
  return {
    code: `${source}\n${grid}`,
    launches: (dims) => [{ constants: {}, overrides: {}, dims: {}, grid: folded(items(dims)) }],
    trips: () => 0,
    weightInput: null,
    textures: none,
  };
}

/**
 * A kernel that owns a row of the vocabulary: one SIMD register of invocations on CPU adapters where the row is short,
 * since what invocations share is dear there. `passes` is how often an invocation goes over its part of the row.
 */
export function perRow(source: string, passes: number, widest: number): Kernel {
  const isShort = (dims: Bound) => dims["cols"]! <= 4096;
  return {
    ...perWorkgroup(source, rowsOf),
    launches: (dims, { family }) => [{
      constants: { WG: family === "lines" && isShort(dims) ? 8 : widest },
      overrides: {},
      dims: {},
      grid: folded(rowsOf(dims)),
    }],
    trips: (dims) => passes * (Math.ceil(dims["cols"]! / (isShort(dims) ? 8 : widest)) + widest),
  };
}

/** Lanes of the widest SIMD register that a CPU adapter computes in. */
export const LANES = 16;

/** Groups of four elements of a matrix. */
export const quarter = (dims: Bound) => dims["rows"]! * dims["cols"]! / 4;
/** Heads of all rows. */
export const heads = (dims: Bound) => dims["rows"]! * dims["heads"]!;
/** Key and value heads of all rows. */
export const keyValueHeads = (dims: Bound) => dims["rows"]! * dims["keyValueHeads"]!;
/** Pairs of one head of all rows. */
export const halfHeads = (dims: Bound) => dims["rows"]! * dims["headDim"]! / 2;
/** Constants of kernels that hold a head in registers. */
export const byHeadDim = (dims: Bound) => ({ D4: dims["headDim"]! / 4 });
/** Constants of kernels that hold the heads of one key in registers. */
export const byHeadGroup = (dims: Bound) => ({
  D4: dims["headDim"]! / 4,
  GROUP: dims["heads"]! / dims["keyValueHeads"]!,
});
/** Trips of a loop over all rows in blocks. */
export const overRows = (dims: Bound) => dims["rows"]! + Math.ceil(dims["rows"]! / 256);
/** Trips of a walk over the slots that a query sees: no more than there are positions. */
export const overSlots = (dims: Bound) => dims["P"] ?? 0;

/** Vectors of four that the queries of an invocation may take where attention works by subgroups. */
export const FORWARD_VECTORS = 64;
/** The same in the backward pass, for queries or keys: more are hardly faster and compile four times as long. */
export const BACKWARD_VECTORS = 16;

/** Slots or queries that attention by subgroups takes at a time. */
const BLOCK = 4;

function subgroupAttention(
  code: string,
  launch: (dims: Bound, subgroup: number) => Pick<Launch, "constants" | "grid">,
  trips: (dims: Bound) => number,
  textures: ReadonlyArray<number>,
): Kernel {
  return {
    code,
    launches: (dims, { subgroup }) => {
      const { constants, grid } = launch(dims, subgroup);
      const { D4 } = byHeadGroup(dims);
      const shared = { D4, BLOCK, LANES: subgroup, PARTS: Math.ceil(BLOCK * D4 / subgroup) };
      return [{ constants: { ...shared, ...constants }, overrides: {}, dims: {}, grid }];
    },
    trips: (dims) => trips(dims) / BLOCK + 64,
    weightInput: null,
    textures: (dims) => dims["rows"]! >= 128 ? textures : [],
  };
}

/** Attention of queries by subgroups: one dispatch. */
export function subgroupQueries(
  source: string,
  vectors: number,
  textures: ReadonlyArray<number>,
): Kernel {
  const launch = (dims: Bound, subgroup: number) => {
    const { D4, GROUP: sharing } = byHeadGroup(dims);
    const most = Math.max(1, Math.floor(vectors / D4));
    const heads = Array.from({ length: most }, (_, i) => most - i);
    const GROUP = heads.find((count) => sharing % count === 0) ?? 1;
    // Where keys come from far, more rows share them; two of one head keep to the first-level cache.
    const wanted = Math.min(2 * GROUP, Math.floor(most / GROUP), dims["tileRows"]! / subgroup);
    const ROWS = Math.max(1, Math.floor(wanted));
    const SPLITS = Math.ceil(dims["tileRows"]! / (ROWS * subgroup));
    const HEADS = GROUP * ROWS;
    return {
      constants: { GROUP, ROWS, HEADS, WIDE: HEADS * D4, SPLITS },
      grid: [dims["T"]!, dims["heads"]! / GROUP * SPLITS] as const,
    };
  };
  return subgroupAttention(`${source}\n${slots}`, launch, overSlots, textures);
}

/** Attention of keys by subgroups: one dispatch. */
export function subgroupKeys(source: string, textures: ReadonlyArray<number>): Kernel {
  const launch = (dims: Bound, subgroup: number) => {
    const { D4 } = byHeadGroup(dims);
    const fits = Math.min(Math.floor(BACKWARD_VECTORS / D4), Math.floor(TILE / subgroup));
    const KEYS = Math.max(1, fits);
    const SPLITS = Math.ceil(TILE / (KEYS * subgroup));
    return {
      constants: { KEYS, WIDE: KEYS * D4, SPLITS },
      grid: [dims["L"]!, dims["keyValueHeads"]! * SPLITS] as const,
    };
  };
  const trips = (dims: Bound) => dims["rows"]! * byHeadGroup(dims).GROUP;
  return subgroupAttention(source, launch, trips, textures);
}
