/**
 * The second transform of WGSL text: it makes kernels read chosen storage bindings through textures. If the address of
 * a storage read differs between lanes, CPU adapters test every lane, at many times the cost of reading a texel
 * (docs/kernels.md has the measurements). The bits stay the same: four words make a texel. The textures are storage
 * textures: sampled ones have mip levels, whose sizes and strides lavapipe looks up lane by lane.
 */

/** Bytes of four words. */
export const TEXEL_BYTES = 16;
/** Texels in a row of such a texture; a power of two. */
export const TEXELS_PER_ROW = 1024;
/** Bytes in a row of such a texture. */
export const TEXTURE_ROW_BYTES = TEXELS_PER_ROW * TEXEL_BYTES;

const FORMS: Readonly<
  Record<string, { format: GPUTextureFormat; element: string; index: string }>
> = {
  vec4f: { format: "rgba32float", element: "texel", index: "i" },
  vec4u: { format: "rgba32uint", element: "texel", index: "i" },
  // A scalar array: the texel that holds the element, and its component.
  f32: { format: "rgba32float", element: "texel[i & 3u]", index: "(i >> 2u)" },
};

/** Rewrites the read-only storage bindings with these numbers to textures. Throws when there is no such binding. */
export function readThroughTextures(code: string, bindings: ReadonlyArray<number>): string {
  return bindings.reduce(rewriteBinding, code);
}

function rewriteBinding(code: string, binding: number): string {
  const declaration = new RegExp(
    `@group\\(0\\) @binding\\(${binding}\\) var<storage, read> (\\w+): array<(\\w+)>;`,
  );
  const match = declaration.exec(code);
  const form = FORMS[match?.[2] ?? ""];
  if (match === null || form === undefined) {
    throw new Error(`Binding ${binding} is no storage array that can be read as a texture`);
  }
  const name = match[1]!;
  const mask = TEXELS_PER_ROW - 1;
  const shift = Math.log2(TEXELS_PER_ROW);
  const result = match[2] === "f32" ? "f32" : match[2]!;
  const reader = `
fn ${name}_at(i: u32) -> ${result} {
  let at = ${form.index};
  let texel = textureLoad(${name}, vec2u(at & ${mask}u, at >> ${shift}u));
  return ${form.element};
}
`;
  const type = `texture_storage_2d<${form.format}, read>`;
  const texture = `@group(0) @binding(${binding}) var ${name}: ${type};`;
  return replaceReads(code.replace(declaration, texture), name) + reader;
}

/** Replaces `name[...]` by `name_at(...)`, with matching brackets. */
function replaceReads(code: string, name: string): string {
  const start = new RegExp(`(?<![\\w.])${name}\\[`, "g");
  let out = "";
  let from = 0;
  for (let match = start.exec(code); match !== null; match = start.exec(code)) {
    const open = match.index + name.length;
    const close = closingBracket(code, open);
    const inside = replaceReads(code.slice(open + 1, close), name);
    out += `${code.slice(from, match.index)}${name}_at(${inside})`;
    from = close + 1;
    start.lastIndex = from;
  }
  return out + code.slice(from);
}

function closingBracket(code: string, open: number): number {
  let depth = 0;
  for (let at = open; at < code.length; at++) {
    if (code[at] === "[") depth++;
    else if (code[at] === "]" && --depth === 0) return at;
  }
  throw new Error("A bracket is not closed");
}
