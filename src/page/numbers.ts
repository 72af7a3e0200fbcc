const MINUS = "\u2212";

/** A number as the page prints it: six significant digits, a true minus sign, `none` for none. */
export function print(value: number | null | undefined): string {
  if (value === null || value === undefined) return "none";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const digits = size >= 1e-4 && size < 1e6
    ? String(Number(size.toPrecision(6)))
    : size.toExponential(5);
  return value < 0 ? MINUS + digits : digits;
}

/** A number on an axis: three significant digits. */
export function short(value: number): string {
  return print(Number(value.toPrecision(3))).replace(/0+e/, "e").replace(/\.e/, "e");
}

/** A number in a cell: two decimals, always with its sign. */
export function signed(value: number): string {
  const digits = Math.abs(value).toFixed(2);
  return Number(digits) === 0 ? digits : (value < 0 ? MINUS : "+") + digits;
}

/** A number within a formula, in brackets where it is negative. */
export function term(value: number): string {
  return value < 0 ? `(${print(value)})` : print(value);
}
