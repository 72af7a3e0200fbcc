/** What an adapter is, as far as it decides what computes. */
export interface AdapterInfo {
  /** The first of its names that is not empty. */
  readonly name: string;
  /** A GPU; Mesa's Vulkan on the CPU; or other software, which is slower than plain loops. */
  readonly kind: "gpu" | "lavapipe" | "software";
}

/**
 * Tells an adapter by what it says of itself.
 *
 * @example
 * ```ts
 * import { strictEqual } from "node:assert/strict";
 * const info = { description: "llvmpipe (LLVM 15.0.6, 256 bits)", device: "", architecture: "", vendor: "" };
 * strictEqual(adapterInfo({ info, features: new Set(["shader-f16"]) }).kind, "lavapipe");
 * strictEqual(adapterInfo({ info, features: new Set() }).kind, "software");
 * ```
 */
export function adapterInfo({ info, features }: {
  readonly info: Pick<GPUAdapterInfo, "description" | "device" | "architecture" | "vendor">;
  readonly features: { readonly has: (feature: "shader-f16") => boolean };
}): AdapterInfo {
  const name = [info.description, info.device, info.architecture, info.vendor]
    .find((text) => text !== "") ?? "an adapter without a name";
  // Its OpenGL sibling of the same name takes minutes to compile straight lines, and has no f16.
  if (/llvmpipe/i.test(name) && features.has("shader-f16")) return { name, kind: "lavapipe" };
  return { name, kind: /llvmpipe|swiftshader|software/i.test(name) ? "software" : "gpu" };
}
