/** What computes: the adapter's own description, or null for plain loops. */
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
    return [
      "Running on plain loops, without a graphics adapter",
      "Faster: a GPU, or Mesa's Vulkan driver (Debian, Ubuntu: mesa-vulkan-drivers)",
    ];
  }
  if (/llvmpipe|swiftshader/i.test(description)) {
    return [`Running on ${description}, in software`, "Faster: a GPU"];
  }
  return [`Running on ${description}`];
}
