/** All ops. What else is kept for each op (a plain loop, a kernel) is a map whose keys are these kinds. */
import * as attention from "./attention.ts";
import * as cache from "./cache.ts";
import * as embedding from "./embedding.ts";
import * as gather from "./gather.ts";
import * as head from "./head.ts";
import * as linear from "./linear.ts";
import * as norm from "./norm.ts";
import * as rope from "./rope.ts";
import * as sampling from "./sampling.ts";
import * as swiglu from "./swiglu.ts";
import * as update from "./update.ts";
import type { OpRecord } from "./op.ts";

const RECORDS = [
  embedding.embeddingForwardOp,
  embedding.embeddingBackwardOp,
  norm.rmsnormForwardOp,
  norm.rmsnormBackwardOp,
  norm.rmsnormWeightBackwardOp,
  linear.linearForwardOp,
  linear.linearWeightBackwardOp,
  linear.columnSumBackwardOp,
  linear.transposeForwardOp,
  rope.ropeForwardOp,
  rope.ropeBackwardOp,
  cache.cacheCopyOp,
  attention.attentionForwardOp,
  attention.attentionDeltaOp,
  attention.attentionQueryBackwardOp,
  attention.attentionKeyBackwardOp,
  attention.attentionKeySumOp,
  swiglu.swigluForwardOp,
  swiglu.swigluBackwardOp,
  gather.gatherRowsForwardOp,
  gather.gatherRowsBackwardOp,
  head.headForwardOp,
  head.headStatisticsOp,
  head.headFinishOp,
  head.headBackwardOp,
  head.logitsBackwardOp,
  sampling.samplingMaskOp,
  sampling.sampleOp,
  update.sumSquaresOp,
  update.adamwUpdateOp,
] as const;

/** Every op has one formula, one plain loop in `reference/`, one kernel in `shaders/` and one test that compares them. */
export type OpKind = (typeof RECORDS)[number]["kind"];

/** The record of a kind, with the names of its tensors and sizes. */
export type RecordOf<Kind extends OpKind> = Extract<
  (typeof RECORDS)[number],
  { readonly kind: Kind }
>;

const BY_KIND = new Map<string, OpRecord>(RECORDS.map((record) => [record.kind, record]));

/** The record of an op of a plan. */
export function recordOf({ kind }: { readonly kind: OpKind }): OpRecord {
  return BY_KIND.get(kind)!; // every kind is that of a record
}
