/**
 * How numbers lie in memory. Formats below 16 bits are for weights that are not trained: runs of 256 numbers, their
 * scales behind them, so that one buffer holds both. `int8`: a scale (f32) for 64 numbers, the largest is 127. `int4`: a
 * scale (bf16) for 32, the largest is 7. `nf4`: a scale (f32) for 64, levels of the normal distribution (QLoRA,
 * arXiv 2305.14314, appendix E). Runs go on from row to row.
 */
import type { WeightFormat } from "../domain/recipe.ts";
import { roundBf16, widenBf16 } from "../math/bf16.ts";
import type { HostArray } from "./engine.ts";

/** How the numbers of a tensor are stored; those that are no weights are f32 or u32. */
export type Format = WeightFormat | "u32";

/** Numbers that are stored together, and the bytes they take. */
export const LAYOUT: Readonly<Record<Format, { readonly run: number; readonly bytes: number }>> = {
  f32: { run: 1, bytes: 4 },
  u32: { run: 1, bytes: 4 },
  bf16: { run: 2, bytes: 4 },
  f16: { run: 2, bytes: 4 },
  int8: { run: 256, bytes: 272 },
  int4: { run: 256, bytes: 144 },
  nf4: { run: 256, bytes: 144 },
};

/** Bytes that so many numbers take: whole groups of 16, as devices read them. */
export function storedBytes(format: Format, elements: number): number {
  const { run, bytes } = LAYOUT[format];
  return Math.ceil(Math.ceil(elements / run) * bytes / 16) * 16;
}

/** Numbers as they are stored: rounded to nearest, ties to even in 16 bits. */
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

/** The first `elements` numbers of what is stored. */
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

/** Device copies move four bytes at a time. */
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

function encodeRuns(format: RunFormat, values: Float32Array): Uint8Array<ArrayBuffer> {
  const { run, bytes } = LAYOUT[format];
  const runs = Math.ceil(values.length / run);
  const out = new Uint8Array(Math.ceil(runs * bytes / 16) * 16);
  const view = new DataView(out.buffer);
  for (let r = 0; r < runs; r++) {
    const codes = out.subarray(r * bytes, (r + 1) * bytes);
    const scalesAt = r * bytes + (format === "int8" ? run : run / 2);
    for (let s = 0; s < run / SCALED[format]; s++) {
      const first = r * run + s * SCALED[format];
      const scaled = values.subarray(first, first + SCALED[format]);
      const scale = writeScale(view, format, scalesAt, s, scaled);
      scaled.forEach((value, i) => {
        const at = s * SCALED[format] + i;
        const code = scale === 0 ? codeOf(format, 0) : codeOf(format, value / scale);
        if (format === "int8") codes[at] = code;
        else codes[at >> 1] = codes[at >> 1]! | code << (at & 1) * 4;
      });
    }
  }
  return out;
}

/** The scale of a group as it is stored, so that codes fit what will be read. */
function writeScale(
  view: DataView,
  format: RunFormat,
  scalesAt: number,
  index: number,
  values: Float32Array,
): number {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const most = { int8: 127, int4: 7, nf4: 1 }[format];
  const scale = Float32Array.of(largest / most);
  if (format === "int4") {
    const half = roundBf16(scale);
    view.setUint16(scalesAt + 2 * index, half[0]!, LITTLE_ENDIAN);
    return widenBf16(half)[0]!;
  }
  view.setFloat32(scalesAt + 4 * index, scale[0]!, LITTLE_ENDIAN);
  return scale[0]!;
}

/** The code whose value is nearest. */
function codeOf(format: RunFormat, value: number): number {
  if (format === "int8") return Math.max(-127, Math.min(127, Math.round(value))) & 0xff;
  if (format === "int4") return Math.max(-7, Math.min(7, Math.round(value))) + 8;
  let code = 0;
  while (code < NF4_EDGES.length && value > NF4_EDGES[code]!) code++;
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
