/** Files of llama.cpp (GGUF, version 3): metadata by key, then tensors, here in f32. */
import type { Float32Tensor } from "./safetensors.ts";

/** A value of the metadata; a number must say how it is stored. */
export type GgufValue =
  | string
  | boolean
  | { readonly u32: number }
  | { readonly f32: number }
  | { readonly strings: ReadonlyArray<string> }
  | { readonly i32s: ReadonlyArray<number> };

/** Codes of types in the metadata. */
const TYPE = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 } as const;
/** The code of f32 among types of tensors. */
const F32 = 0;
const VERSION = 3;
/** Where each tensor begins, counted from the first, is a multiple of this. */
const ALIGNMENT = 32;

const encoder = new TextEncoder();

const word = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);
const long = (value: number) => new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);
const text = (value: string) => {
  const bytes = encoder.encode(value);
  return [long(bytes.length), bytes];
};

function valueBytes(value: GgufValue): ReadonlyArray<Uint8Array> {
  if (typeof value === "string") return [word(TYPE.string), ...text(value)];
  if (typeof value === "boolean") return [word(TYPE.bool), Uint8Array.of(Number(value))];
  if ("u32" in value) return [word(TYPE.u32), word(value.u32)];
  if ("f32" in value) {
    return [word(TYPE.f32), new Uint8Array(Float32Array.of(value.f32).buffer)];
  }
  const array = (type: number, count: number) => [word(TYPE.array), word(type), long(count)];
  if ("strings" in value) {
    return [...array(TYPE.string, value.strings.length), ...value.strings.flatMap(text)];
  }
  const { i32s } = value;
  return [...array(TYPE.i32, i32s.length), new Uint8Array(Int32Array.from(i32s).buffer)];
}

const padding = (length: number) => (ALIGNMENT - length % ALIGNMENT) % ALIGNMENT;

/**
 * The bytes of a GGUF file. Shapes are row-major, as everywhere here; the file lists them the other way round. The same
 * content gives the same bytes.
 */
export function ggufBytes(
  metadata: Readonly<Record<string, GgufValue>>,
  tensors: ReadonlyArray<Float32Tensor>,
): Uint8Array {
  const entries = Object.entries(metadata);
  let offset = 0;
  const infos = tensors.flatMap(({ name, shape, values }) => {
    const dims = [...shape].reverse();
    const info = [...text(name), word(dims.length), ...dims.map(long), word(F32), long(offset)];
    offset += values.byteLength + padding(values.byteLength);
    return info;
  });
  const head = [
    encoder.encode("GGUF"),
    word(VERSION),
    long(tensors.length),
    long(entries.length),
    ...entries.flatMap(([key, value]) => [...text(key), ...valueBytes(value)]),
    ...infos,
  ];
  const data = tensors.flatMap(({ values }) => [
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    new Uint8Array(padding(values.byteLength)),
  ]);
  const headLength = head.reduce((sum, part) => sum + part.length, 0);
  const parts = [...head, new Uint8Array(padding(headLength)), ...data];
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
