/** What computes: the adapter's own words, or null for plain loops. */
export interface AdapterChoice {
  readonly description: string | null;
}

/**
 * Says in one line what computes, and in a second one what would make it faster, where that is known.
 *
 * @example
 * ```ts
 * import { deepStrictEqual } from "node:assert/strict";
 * deepStrictEqual(adapterLines({ description: "NVIDIA H200" }), ["Running on NVIDIA H200"]);
 * ```
 */
export function adapterLines({ description }: AdapterChoice): ReadonlyArray<string> {
  if (description === null) {
    return ["Running on plain loops, without a graphics adapter", `${FASTER} a GPU, or ${INSTALL}`];
  }
  if (/swiftshader/i.test(description)) {
    return [
      `Running on ${description}, in software`,
      `${FASTER} a GPU, or ${INSTALL} (about twice)`,
    ];
  }
  if (/llvmpipe|lavapipe/i.test(description)) {
    return [`Running on ${description}, in software`, `${FASTER} a GPU`];
  }
  return [`Running on ${description}`];
}

const FASTER = "Faster:";
const INSTALL = "sudo apt-get install mesa-vulkan-drivers";
