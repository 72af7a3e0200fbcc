/** Numbers of the interpreter: float64 for everything that is f32 on a device, u32 as such. */
export type Values = Float64Array | Uint32Array;

/** The plain form of an op: reads `inputs`, writes `outputs`, in the order of the op's tensors. */
export type PlainLoop = (
  inputs: ReadonlyArray<Values>,
  outputs: ReadonlyArray<Values>,
  dims: Readonly<Record<string, number>>,
) => void;

/** Smallest finite f32: where a maximum starts, and what a masked logit is. */
export const NEG_LARGE = -3.4028234e38;
