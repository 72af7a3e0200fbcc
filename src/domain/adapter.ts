/** The facts about a graphics adapter that decide how a run computes. */
export interface AdapterInfo {
  /** The first non-empty text of description, device, architecture and vendor. */
  readonly name: string;
  /** `lavapipe` is Mesa's Vulkan driver on the CPU; `software`, any other CPU driver, is slower than plain loops. */
  readonly kind: "gpu" | "lavapipe" | "software";
}

/**
 * Classifies an adapter by what it reports about itself.
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
  // Mesa's OpenGL driver has the same name but no f16; it takes minutes to compile straight-line code.
  if (/llvmpipe/i.test(name) && features.has("shader-f16")) return { name, kind: "lavapipe" };
  return { name, kind: /llvmpipe|swiftshader|software/i.test(name) ? "software" : "gpu" };
}
