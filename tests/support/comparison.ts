/** How far numbers may lie apart: abs(got - want) <= atol + rtol * abs(want), so that NaN fails. */
export interface Tolerance {
  readonly atol: number;
  readonly rtol?: number;
}

/**
 * Throws unless every element is within tolerance, naming the worst index, got and want.
 * Returns the largest absolute deviation.
 */
export function assertClose(
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  { atol, rtol = 0 }: Tolerance,
  label = "values",
): number {
  if (got.length !== want.length) {
    throw new Error(`${label}: got ${got.length} elements, want ${want.length}`);
  }
  let worst = 0;
  let worstExcess = -Infinity;
  let largest = 0;
  for (let i = 0; i < want.length; i++) {
    const deviation = Math.abs(got[i]! - want[i]!);
    const excess = deviation - (atol + rtol * Math.abs(want[i]!));
    if (!(excess <= worstExcess)) [worst, worstExcess] = [i, excess];
    if (!(deviation <= largest)) largest = deviation;
    if (Number.isNaN(excess)) break;
  }
  if (want.length > 0 && !(worstExcess <= 0)) {
    throw new Error(
      `${label}: worst at index ${worst}: got ${got[worst]}, want ${want[worst]}, ` +
        `allowed ${atol} + ${rtol} * |want|`,
    );
  }
  return largest;
}
