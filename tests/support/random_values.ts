import { keyFromSeed, uniform } from "../../src/math/threefry.ts";

/** `length` f32 numbers in [-scale, scale), the same for the same seed. */
export function randomValues(seed: number, length: number, scale = 1): Float32Array<ArrayBuffer> {
  const key = keyFromSeed(seed);
  return Float32Array.from({ length }, (_, i) => (2 * uniform(key, i) - 1) * scale);
}

/** `length` integers in [0, below), the same for the same seed. */
export function randomIds(seed: number, length: number, below: number): Uint32Array {
  const key = keyFromSeed(seed);
  return Uint32Array.from({ length }, (_, i) => Math.floor(uniform(key, i) * below));
}

/** Numbers that bf16 holds exactly. */
export function asBf16(values: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const bits = new Uint32Array(values.slice().buffer).map((word) => word & 0xffff0000);
  return new Float32Array(bits.buffer);
}

/** Numbers that f16 holds exactly. */
export function asF16(values: Float32Array): Float32Array {
  return Float32Array.from(Float16Array.from(values));
}
