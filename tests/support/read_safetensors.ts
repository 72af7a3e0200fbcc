import { Effect } from "effect";
import { readSafetensorsHeader, readTensor } from "../../src/files/safetensors.ts";

/** Reads all tensors of a small file, by name. */
export const readSafetensors = Effect.fnUntraced(function* (path: string) {
  const header = yield* readSafetensorsHeader(path);
  const tensors = yield* Effect.forEach(header.tensors.values(), (info) => readTensor(path, info));
  return new Map(tensors.map((tensor) => [tensor.name, tensor]));
});
