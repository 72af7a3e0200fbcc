/** The kernels of all ops, and the choice between the forms of one. */
import type { OpKind } from "../model/ops/registry.ts";
import { ATTENTION } from "./families/attention.ts";
import { ELEMENTWISE } from "./families/elementwise.ts";
import { fitsWorkgroup, GPU_ATTENTION, gpuAttentionOf } from "./families/gpu_attention.ts";
import { GPU_HEAD } from "./families/gpu_head.ts";
import { GPU_LOW_RANK } from "./families/gpu_low_rank.ts";
import { GPU_PRODUCTS } from "./families/gpu_products.ts";
import { GPU_ROWS } from "./families/gpu_rows.ts";
import { GPU_SAMPLING } from "./families/gpu_sampling.ts";
import { linearKernelOf, PRODUCTS } from "./families/products.ts";
import {
  type Bound,
  type BoundOf,
  fewDispatches,
  type Kernel,
  type KernelName,
  type Kernels,
  type RunSizes,
  suitsSubgroups,
  suitsTiles,
  type Traits,
} from "./launches.ts";

/** The kernels of all ops, and their forms. */
export const KERNELS: Kernels = {
  ...ELEMENTWISE,
  ...PRODUCTS,
  ...GPU_PRODUCTS,
  ...GPU_LOW_RANK,
  ...GPU_HEAD,
  ...GPU_ROWS,
  ...GPU_SAMPLING,
  ...ATTENTION,
  ...GPU_ATTENTION,
};

/** A kernel of this name; the types do not check which sizes it needs. */
export function kernelNamed(name: KernelName): Kernel<Bound> {
  return KERNELS[name] as unknown as Kernel<Bound>;
}

/** Types sizes as those of one op: a run binds every size that the record of the op names. */
const sizesOf = <Name extends KernelName>(dims: Bound) => dims as BoundOf<Name>;

/** Subgroup forms of kernels: of attention, used if the run has tiles, and of weight gradients. */
const BY_SUBGROUPS: Partial<Record<OpKind, KernelName>> = {
  attention_forward: "attention_subgroup_forward",
  attention_query_backward: "attention_subgroup_query_backward",
  attention_key_backward: "attention_subgroup_key_backward",
  linear_weight_backward: "linear_subgroup_weight_backward",
};

/** Kernels that only GPUs get. */
const FOR_GPUS: Partial<Record<OpKind, ReadonlyArray<KernelName>>> = {
  attention_query_backward: ["attention_block_query_backward"],
  attention_key_backward: ["attention_lane_key_backward"],
  head_forward: ["head_tile_forward", "head_join"],
  head_statistics: ["head_part_statistics", "head_join"],
  linear_weight_backward: ["linear_tile_weight_backward"],
  column_sum_backward: ["column_block_sum_backward"],
  rope_forward: ["rope_output_forward"],
  rmsnorm_forward: ["rmsnorm_row_forward"],
  rmsnorm_backward: ["rmsnorm_row_backward"],
  rmsnorm_weight_backward: ["rmsnorm_block_weight_backward"],
};

/** The kernels of an op of these sizes in the family of an adapter, in the order in which they run. */
export function kernelsOf(kind: OpKind, dims: Bound, traits: Traits): ReadonlyArray<KernelName> {
  if (kind === "linear_forward") return [linearKernelOf(sizesOf(dims), traits)];
  if (suitsTiles(traits)) {
    if (kind === "attention_forward") return gpuAttentionOf(sizesOf(dims)) ?? [kind];
    if (kind === "attention_query_backward" && !fitsWorkgroup(sizesOf(dims))) return [kind];
    // It binds nine buffers.
    if (kind === "sample" && fewDispatches(traits)) return ["sample_parts", "sample_join"];
    return FOR_GPUS[kind] ?? [kind];
  }
  const { tileRows }: RunSizes = dims;
  const isCut = kind === "linear_weight_backward" || tileRows !== undefined;
  return [isCut && suitsSubgroups(traits) ? BY_SUBGROUPS[kind] ?? kind : kind];
}
