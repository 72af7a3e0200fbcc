import type { Architecture } from "../../src/model/architecture.ts";
import type { ModelForm } from "../../src/model/decoder.ts";
import type { Lora } from "../../src/model/lora.ts";
import { parametersOf } from "../../src/model/parameters.ts";
import type { Segment } from "../../src/model/segments.ts";

/** The model in f32, with or without adapters, on an engine whose ops reach whole weights. */
export function inFloat32(architecture: Architecture, lora: Lora | null = null): ModelForm {
  return { architecture, format: "f32", lora, bindingBytes: Infinity };
}

/** Segments of sequences that do not see each other. */
export function separateSegments(lengths: ReadonlyArray<number>): ReadonlyArray<Segment> {
  let start = 0;
  return lengths.map((length) => {
    const segment = { start, length, firstPosition: 0, parent: -1, visible: 0 };
    start += length;
    return segment;
  });
}

export function countParameters(architecture: Architecture): number {
  return parametersOf(architecture).reduce((sum, p) => sum + p.rows * p.cols, 0);
}
