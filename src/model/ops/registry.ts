import { ADAPTED } from "./adapted.ts";
import { ATTENTION } from "./attention.ts";
import { CACHE } from "./cache.ts";
import { EMBEDDING } from "./embedding.ts";
import { GATHER } from "./gather.ts";
import { HEAD } from "./head.ts";
import { LINEAR } from "./linear.ts";
import { NORM } from "./norm.ts";
import type { OpRecord } from "./op.ts";
import { ROPE } from "./rope.ts";
import { SAMPLING } from "./sampling.ts";
import { SWIGLU } from "./swiglu.ts";
import { UPDATE } from "./update.ts";

/** The record of every op. An op has a formula, a plain loop in `reference/`, a kernel in `shaders/` and a test that compares them. */
export const OPS = {
  ...ADAPTED,
  ...ATTENTION,
  ...CACHE,
  ...EMBEDDING,
  ...GATHER,
  ...HEAD,
  ...LINEAR,
  ...NORM,
  ...ROPE,
  ...SAMPLING,
  ...SWIGLU,
  ...UPDATE,
};

/** The name of an op. */
export type OpKind = keyof typeof OPS;

/** The record of a kind, with the names of its tensors and sizes. */
export type RecordOf<Kind extends OpKind> = (typeof OPS)[Kind];

/** The record of the kind of an op. */
export function recordOf({ kind }: { readonly kind: OpKind }): OpRecord {
  return OPS[kind];
}
