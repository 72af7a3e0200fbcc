/**
 * Quantile of Student's t with a whole number of degrees of freedom: t with P(T <= t) = p, for p in (0, 1), to 1e-10.
 * Found by bisection on the distribution function, which has a closed form (Abramowitz and Stegun, 26.7.3 and 26.7.4).
 *
 * @example
 * ```ts
 * import { strictEqual } from "node:assert/strict";
 * strictEqual(studentQuantile(0.975, 4).toFixed(3), "2.776");
 * ```
 */
export function studentQuantile(p: number, degrees: number): number {
  if (p < 0.5) return -studentQuantile(1 - p, degrees);
  let [low, high] = [0, 1];
  while (studentAtMost(high, degrees) < p) high *= 2;
  while (high - low > 1e-10 * Math.max(1, high)) {
    const middle = (low + high) / 2;
    if (studentAtMost(middle, degrees) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * The two-sided p value of a paired difference: how likely Student's |t| is at least as large if there is none.
 *
 * @example
 * ```ts
 * import { strictEqual } from "node:assert/strict";
 * strictEqual(studentTest(2.776, 4).toFixed(3), "0.050");
 * ```
 */
export function studentTest(t: number, degrees: number): number {
  return 2 * (1 - studentAtMost(Math.abs(t), degrees));
}

/** P(T <= t) for t >= 0. */
function studentAtMost(t: number, degrees: number): number {
  const angle = Math.atan(t / Math.sqrt(degrees));
  const [sine, square] = [Math.sin(angle), Math.cos(angle) ** 2];
  const isOdd = degrees % 2 === 1;
  // Odd: 1 + 2/3 cos^2 + 2 4/(3 5) cos^4 + ..; even: 1 + 1/2 cos^2 + 1 3/(2 4) cos^4 + ..; up to cos^(degrees - 2 or 3).
  let term = 1;
  let series = degrees === 1 ? 0 : 1;
  for (let i = isOdd ? 2 : 1; i < degrees - 2; i += 2) {
    term *= square * i / (i + 1);
    series += term;
  }
  const within = isOdd ? 2 / Math.PI * (angle + sine * Math.cos(angle) * series) : sine * series;
  return 0.5 + within / 2;
}
