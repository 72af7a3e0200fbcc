/**
 * How numbers are stored. Formats below 16 bits are for weights that are not trained. They have runs of 256 codes with
 * the scales behind them, so that one buffer holds both; a run can continue in the next row. `int8`: a scale (f32) for
 * 64 numbers, the largest of which becomes 127. `int4`: a scale (bf16) for 32, the largest becomes 7. `nf4`: a scale
 * (f32) for 64, levels of the normal distribution (QLoRA, arXiv 2305.14314, appendix E).
 */
import type { WeightFormat } from "../domain/recipe.ts";
import { roundBf16, widenBf16 } from "../math/bf16.ts";
import type { HostArray } from "./engine.ts";

/** How the numbers of a tensor are stored. Tensors that are not weights are f32 or u32. */
export type Format = WeightFormat | "u32";

/** `run` numbers are stored together and take `bytes` bytes. */
export const LAYOUT: Readonly<Record<Format, { readonly run: number; readonly bytes: number }>> = {
  f32: { run: 1, bytes: 4 },
  u32: { run: 1, bytes: 4 },
  bf16: { run: 2, bytes: 4 },
  f16: { run: 2, bytes: 4 },
  int8: { run: 256, bytes: 272 },
  int4: { run: 256, bytes: 144 },
  nf4: { run: 256, bytes: 144 },
};

/** Bytes that `elements` numbers take, rounded up to the groups of 16 bytes that devices read. */
export function storedBytes(format: Format, elements: number): number {
  const { run, bytes } = LAYOUT[format];
  return Math.ceil(Math.ceil(elements / run) * bytes / 16) * 16;
}

/** Encodes numbers, rounded to nearest. The 16-bit formats round ties to even. */
export function encodeValues(format: Format, data: HostArray): Uint8Array<ArrayBuffer> {
  if (format === "u32") return bytesOfArray(Uint32Array.from(data));
  const values = data instanceof Float32Array ? data : Float32Array.from(data);
  switch (format) {
    case "f32":
      return bytesOfArray(values);
    case "bf16":
      return bytesOfArray(padded(roundBf16(values)));
    case "f16":
      return bytesOfArray(padded(new Uint16Array(Float16Array.from(values).buffer)));
    default:
      return encodeRuns(format, values);
  }
}

/** Decodes the first `elements` stored numbers. */
export function decodeValues(format: Format, bytes: ArrayBuffer, elements: number): HostArray {
  switch (format) {
    case "u32":
      return new Uint32Array(bytes, 0, elements);
    case "f32":
      return new Float32Array(bytes, 0, elements);
    case "f16":
      return Float32Array.from(new Float16Array(bytes, 0, elements));
    case "bf16":
      return widenBf16(new Uint16Array(bytes, 0, elements));
    default:
      return decodeRuns(format, bytes, elements);
  }
}

function bytesOfArray(array: Uint32Array | Float32Array | Uint16Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(array.buffer as ArrayBuffer, array.byteOffset, array.byteLength);
}

/** Pads to an even length, since device copies move four bytes at a time. */
function padded(halves: Uint16Array): Uint16Array {
  if (halves.length % 2 === 0) return halves;
  const longer = new Uint16Array(halves.length + 1);
  longer.set(halves);
  return longer;
}

const LITTLE_ENDIAN = true;

type RunFormat = "int8" | "int4" | "nf4";

/** Numbers that share a scale. */
const SCALED: Readonly<Record<RunFormat, number>> = { int8: 64, int4: 32, nf4: 64 };

const NF4_LEVELS = Float32Array.of(
  ...[-1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453],
  ...[-0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0],
  ...[0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224],
  ...[0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1],
);

/** Halfway between neighbouring levels. */
const NF4_EDGES = NF4_LEVELS.slice(1).map((level, i) => (level + NF4_LEVELS[i]!) / 2);

// Loops without closures: a model of 7 billion weights is encoded in three minutes instead of six.
function encodeRuns(format: RunFormat, values: Float32Array): Uint8Array<ArrayBuffer> {
  const { run, bytes } = LAYOUT[format];
  const group = SCALED[format];
  const runs = Math.ceil(values.length / run);
  const out = new Uint8Array(Math.ceil(runs * bytes / 16) * 16);
  const codes = new Uint8Array(run);
  for (let r = 0; r < runs; r++) {
    const own = values.subarray(r * run, (r + 1) * run);
    const { scales, stored } = scalesOf(format, own);
    codes.fill(CODE_OF_ZERO[format]);
    for (let first = 0; first < own.length; first += group) {
      const end = Math.min(first + group, own.length);
      const scale = scales[first / group]!;
      if (scale !== 0) writeCodes(format, own, { first, end, scale }, codes);
    }
    const start = r * bytes;
    const codeBytes = format === "int8" ? run : run / 2;
    if (format === "int8") out.set(codes, start);
    else for (let i = 0; i < run; i += 2) out[start + i / 2] = codes[i]! | codes[i + 1]! << 4;
    out.set(bytesOfArray(stored), start + codeBytes);
  }
  return out;
}

const LARGEST: Readonly<Record<RunFormat, number>> = { int8: 127, int4: 7, nf4: 1 };
const CODE_OF_ZERO: Readonly<Record<RunFormat, number>> = { int8: 0, int4: 8, nf4: 7 };

/** The scales of a run, as they will be read and as they are stored. */
function scalesOf(format: RunFormat, values: Float32Array) {
  const group = SCALED[format];
  const scales = new Float32Array(LAYOUT[format].run / group);
  for (let i = 0; i < values.length; i++) {
    const scale = i / group | 0;
    scales[scale] = Math.max(scales[scale]!, Math.abs(values[i]!));
  }
  for (let s = 0; s < scales.length; s++) scales[s] = scales[s]! / LARGEST[format];
  if (format !== "int4") return { scales, stored: scales };
  const halves = roundBf16(scales);
  return { scales: widenBf16(halves), stored: halves };
}

/** Writes the nearest codes of numbers that share a scale. */
function writeCodes(
  format: RunFormat,
  values: Float32Array,
  { first, end, scale }: { readonly first: number; readonly end: number; readonly scale: number },
  codes: Uint8Array,
): void {
  if (format === "nf4") {
    for (let i = first; i < end; i++) codes[i] = nf4CodeOf(values[i]! / scale);
    return;
  }
  const largest = LARGEST[format];
  const offset = CODE_OF_ZERO[format];
  for (let i = first; i < end; i++) {
    const rounded = Math.round(values[i]! / scale);
    codes[i] = Math.max(-largest, Math.min(largest, rounded)) + offset;
  }
}

/** The number of edges below `value`: a binary search of four comparisons. */
function nf4CodeOf(value: number): number {
  let code = value > NF4_EDGES[7]! ? 8 : 0;
  if (value > NF4_EDGES[code + 3]!) code += 4;
  if (value > NF4_EDGES[code + 1]!) code += 2;
  if (value > NF4_EDGES[code]!) code += 1;
  return code;
}

function decodeRuns(format: RunFormat, bytes: ArrayBuffer, elements: number): Float32Array {
  const { run, bytes: runBytes } = LAYOUT[format];
  const view = new DataView(bytes);
  return Float32Array.from({ length: elements }, (_, i) => {
    const start = Math.floor(i / run) * runBytes;
    const at = i % run;
    const scale = Math.floor(at / SCALED[format]);
    if (format === "int8") {
      return view.getInt8(start + at) * view.getFloat32(start + run + 4 * scale, LITTLE_ENDIAN);
    }
    const code = view.getUint8(start + (at >> 1)) >> (at & 1) * 4 & 15;
    const scalesAt = start + run / 2;
    return format === "nf4"
      ? NF4_LEVELS[code]! * view.getFloat32(scalesAt + 4 * scale, LITTLE_ENDIAN)
      : (code - 8) *
        widenBf16(Uint16Array.of(view.getUint16(scalesAt + 2 * scale, LITTLE_ENDIAN)))[0]!;
  });
}
