import type { DimsOf, TensorsOf } from "../model/ops/op.ts";
import type { OpKind, RecordOf } from "../model/ops/registry.ts";

/** Numbers of the interpreter: float64 for everything that is f32 on a device, u32 as such. */
export type Values = Float64Array | Uint32Array;

/** The plain form of an op: takes the tensors and sizes that the record of the op names. */
export type PlainLoop<Kind extends OpKind> = (
  tensors: TensorsOf<RecordOf<Kind>, Values>,
  dims: DimsOf<RecordOf<Kind>, number>,
) => void;

/** Smallest finite f32: the initial value of a maximum, and the value of a masked logit. */
export const NEG_LARGE = -3.4028234e38;
