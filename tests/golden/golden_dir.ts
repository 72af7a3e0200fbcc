/** Where golden data lie: folder GOLDEN_DIR, or the committed subset beside this module. */
export function goldenDir(): string {
  return Deno.env.get("GOLDEN_DIR") ?? new URL("./data", import.meta.url).pathname;
}

/** A golden JSON file: `{"meta": {...}, "cases": [...]}`. */
export interface GoldenFile {
  readonly meta: GoldenRecord;
  readonly cases: ReadonlyArray<GoldenRecord>;
}

/** Any JSON object of the golden data; fields are read through the functions below. */
export type GoldenRecord = Readonly<Record<string, unknown>>;

export function readGolden(path: string): GoldenFile {
  // The README of the golden data fixes this outer shape; fields are checked where they are read.
  return JSON.parse(Deno.readTextFileSync(`${goldenDir()}/${path}`)) as GoldenFile;
}

/** Names of the files in a golden folder, sorted. */
export function goldenNames(folder: string): ReadonlyArray<string> {
  return [...Deno.readDirSync(`${goldenDir()}/${folder}`)].map((entry) => entry.name).sort();
}

/** Throws on a field, name or option that no test knows. */
export function assertKnown(
  names: Iterable<string>,
  known: ReadonlyArray<string>,
  where: string,
): void {
  const unknown = [...names].filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`Unknown in ${where}: ${unknown.join(", ")}`);
}

/** A number, also one written as "NaN", "Infinity" or "-Infinity". */
export function num(value: unknown): number {
  if (typeof value === "number") return value;
  if (value === "NaN" || value === "Infinity" || value === "-Infinity") return Number(value);
  throw new Error(`Expected a number, got ${JSON.stringify(value)}`);
}

export function text(value: unknown): string {
  if (typeof value === "string") return value;
  throw new Error(`Expected a string, got ${JSON.stringify(value)}`);
}

export function list(value: unknown): ReadonlyArray<unknown> {
  if (Array.isArray(value)) return value;
  throw new Error(`Expected a list, got ${JSON.stringify(value)}`);
}

export function record(value: unknown): GoldenRecord {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as GoldenRecord; // just checked
  }
  throw new Error(`Expected an object, got ${JSON.stringify(value)}`);
}

export function vector(value: unknown): Float64Array {
  return Float64Array.from(list(value), num);
}

export function matrix(value: unknown): ReadonlyArray<Float64Array> {
  return list(value).map(vector);
}

/** All elements of the rows, in order. */
export function flat(rows: ReadonlyArray<ArrayLike<number>>): Float64Array {
  return Float64Array.from(rows.flatMap((row) => Array.from(row)));
}

export function largestMagnitude(values: ArrayLike<number>): number {
  return Array.from(values).reduce((largest, x) => Math.max(largest, Math.abs(x)), 0);
}
