/** Kernels of attention: row by row, or by subgroups if the run has tiles. */
import { TILE, type TileCosts } from "../../model/segments.ts";
import delta from "../../../shaders/attention_delta.wgsl" with { type: "text" };
import forward from "../../../shaders/attention_forward.wgsl" with { type: "text" };
import keyBackward from "../../../shaders/attention_key_backward.wgsl" with { type: "text" };
import keySum from "../../../shaders/attention_key_sum.wgsl" with { type: "text" };
import queryBackward from "../../../shaders/attention_query_backward.wgsl" with { type: "text" };
import tileForward from "../../../shaders/attention_subgroup_forward.wgsl" with { type: "text" };
import tileKeys from "../../../shaders/attention_subgroup_key_backward.wgsl" with { type: "text" };
import tileQueries from "../../../shaders/attention_subgroup_query_backward.wgsl" with {
  type: "text",
};
import slots from "../../../shaders/lib/slots.wgsl" with { type: "text" };
import {
  type BoundOf,
  flat,
  type Kernel,
  type Kernels,
  LANES,
  type Launch,
  ofManyRows,
  type RunSizes,
} from "../launches.ts";
import { quarter } from "./elementwise.ts";

/** Sizes of all kernels of attention. */
type Sizes = BoundOf<"attention_forward">;

/** Number of key/value heads over all rows. */
const keyValueHeads = (dims: Sizes) => dims.rows * dims.keyValueHeads;
/** Constants of kernels that hold a head in registers. */
const byHeadDim = ({ headDim }: Sizes) => ({ D4: headDim / 4 });
/** Constants of kernels that hold the heads of one key in registers. */
const byHeadGroup = (dims: Sizes) => ({
  D4: dims.headDim / 4,
  GROUP: dims.heads / dims.keyValueHeads,
});
/** Maximum loop iterations over the slots that a query sees: the number of positions. */
const overSlots = ({ P = 0 }: RunSizes) => P;

/** Maximum vectors of four for the queries of an invocation in subgroup attention. */
const FORWARD_VECTORS = 64;
/** The same in the backward pass, for queries or keys: more are hardly faster and compile four times as long. */
const BACKWARD_VECTORS = 16;

/** Costs of tiles, fitted on lavapipe to kernels that copied keys and values to workgroup memory. */
export const TILE_COSTS: TileCosts = { queries: [32, 64], readCost: 32, worth: 0.95 };

/** Slots or queries that subgroup attention processes at a time. */
const BLOCK = 4;

function subgroupAttention<Input extends string>(
  code: string,
  launch: (dims: Sizes, subgroup: number) => Required<Pick<Launch, "constants" | "grid">>,
  trips: (dims: Sizes) => number,
  textures: ReadonlyArray<Input>,
): Kernel<Sizes, Input> {
  return {
    code,
    launches: (dims, { subgroup }) => {
      const { constants, grid } = launch(dims, subgroup);
      const { D4 } = byHeadDim(dims);
      const shared = { D4, BLOCK, LANES: subgroup, PARTS: Math.ceil(BLOCK * D4 / subgroup) };
      return [{ constants: { ...shared, ...constants }, grid }];
    },
    trips: (dims) => trips(dims) / BLOCK + 64,
    textures: ofManyRows(...textures),
  };
}

/** Attention of queries by subgroups: one dispatch. */
function subgroupQueries<Input extends string>(
  source: string,
  vectors: number,
  textures: ReadonlyArray<Input>,
) {
  const launch = (dims: Sizes, subgroup: number) => {
    const { queryTiles = 0, tileRows = 0 } = dims;
    const { D4, GROUP: sharing } = byHeadGroup(dims);
    const most = Math.max(1, Math.floor(vectors / D4));
    const heads = Array.from({ length: most }, (_, i) => most - i);
    const GROUP = heads.find((count) => sharing % count === 0) ?? 1;
    // More rows share keys that are far in memory. Of a single head, two rows still fit the first-level cache.
    const wanted = Math.min(2 * GROUP, Math.floor(most / GROUP), tileRows / subgroup);
    const ROWS = Math.max(1, Math.floor(wanted));
    const SPLITS = Math.ceil(tileRows / (ROWS * subgroup));
    const HEADS = GROUP * ROWS;
    return {
      constants: { GROUP, ROWS, HEADS, WIDE: HEADS * D4, SPLITS },
      grid: [queryTiles, dims.heads / GROUP * SPLITS] as const,
    };
  };
  return subgroupAttention(`${source}\n${slots}`, launch, overSlots, textures);
}

/** Attention of keys by subgroups: one dispatch. */
function subgroupKeys<Input extends string>(source: string, textures: ReadonlyArray<Input>) {
  const launch = (dims: Sizes, subgroup: number) => {
    const { D4 } = byHeadDim(dims);
    const fits = Math.min(Math.floor(BACKWARD_VECTORS / D4), Math.floor(TILE / subgroup));
    const KEYS = Math.max(1, fits);
    const SPLITS = Math.ceil(TILE / (KEYS * subgroup));
    return {
      constants: { KEYS, WIDE: KEYS * D4, SPLITS },
      grid: [dims.keyTiles ?? 0, dims.keyValueHeads * SPLITS] as const,
    };
  };
  const trips = (dims: Sizes) => dims.rows * byHeadGroup(dims).GROUP;
  return subgroupAttention(source, launch, trips, textures);
}

/** Options of kernels in which an invocation owns the heads of one query that share a key. */
const ofQueries = {
  cpuWidth: LANES,
  trips: overSlots,
  constants: byHeadGroup,
  textures: ofManyRows("keyValue"),
};

/** Kernels of attention. */
export const ATTENTION = {
  attention_forward: flat(forward, keyValueHeads, ofQueries),
  attention_subgroup_forward: subgroupQueries(tileForward, FORWARD_VECTORS, ["q", "keyValue"]),
  attention_delta: flat(delta, ({ rows, heads }) => rows * heads, {
    textures: ofManyRows("out", "dOut"),
  }),
  attention_query_backward: flat(queryBackward, keyValueHeads, ofQueries),
  attention_subgroup_query_backward: subgroupQueries(tileQueries, BACKWARD_VECTORS, [
    "q",
    "keyValue",
    "dOut",
  ]),
  attention_key_backward: flat(keyBackward, keyValueHeads, {
    cpuWidth: LANES,
    trips: ({ seeing, heads, keyValueHeads }) => seeing * heads / keyValueHeads,
    constants: byHeadDim,
    textures: ofManyRows("q", "statistics", "dOut"),
  }),
  attention_subgroup_key_backward: subgroupKeys(tileKeys, ["q", "keyValue", "statistics", "dOut"]),
  attention_key_sum: flat(keySum, quarter, { width: 64 }),
} satisfies Partial<Kernels>;
