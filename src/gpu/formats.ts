import type { HostArray } from "../model/engine.ts";
import type { Format } from "../model/plan.ts";

/** Value of the override FORMAT of shaders/lib/weight.wgsl. */
export const FORMAT_CODE: Readonly<Record<Format, number>> = { f32: 0, bf16: 1, f16: 2, u32: 0 };

/** Numbers as the device stores them. 16-bit formats round to nearest, ties to even. */
export function encodeValues(format: Format, data: HostArray): Uint8Array<ArrayBuffer> {
  if (format === "u32") return bytesOfArray(Uint32Array.from(data));
  const wide = data instanceof Float32Array ? data : Float32Array.from(data);
  if (format === "f32") return bytesOfArray(wide);
  return bytesOfArray(padded(format === "bf16" ? toBf16(wide) : toF16(wide)));
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

function toBf16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(bits, (b) => (b + 0x7fff + (b >>> 16 & 1)) >>> 16);
}

function toF16(values: Float32Array): Uint16Array {
  return new Uint16Array(Float16Array.from(values).buffer);
}

/** The first `elements` numbers of what the device stored. */
export function decodeValues(format: Format, bytes: ArrayBuffer, elements: number): HostArray {
  if (format === "u32") return new Uint32Array(bytes, 0, elements);
  if (format === "f32") return new Float32Array(bytes, 0, elements);
  if (format === "f16") return Float32Array.from(new Float16Array(bytes, 0, elements));
  const bits = Uint32Array.from(new Uint16Array(bytes, 0, elements), (half) => half << 16);
  return new Float32Array(bits.buffer);
}
