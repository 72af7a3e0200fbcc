import { TEXEL_BYTES, TEXELS_PER_ROW, TEXTURE_ROW_BYTES } from "./texture_form.ts";

/** How a texel is read: weights are raw words that load_weight decodes, everything else is floats. */
export type Texel = "float" | "uint";

/** Bytes of a buffer from `offset` on, a multiple of 16. */
export interface Part {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly size: number;
}

/** A texture that holds a part of a buffer, and the version of the buffer that it holds. */
export interface Copy {
  readonly texture: GPUTexture;
  readonly view: GPUTextureView;
  part: Part | null;
  version: number;
  /** The time of its last use. */
  used: number;
}

/** Copies of buffers in textures. A copy is made again only if the buffer was written since. */
export interface TextureCopies {
  /** Maximum bytes of a buffer that can be read as a texture. */
  readonly mostBytes: number;
  /** The texture of this buffer alone. */
  readonly own: (buffer: GPUBuffer, texel: Texel) => Copy;
  /**
   * A texture of floats that buffers of the same height share, but none of `taken`. It is the one that holds the part,
   * else the least recently used one. A height has as many textures as one op reads of it.
   */
  readonly share: (part: Part, taken: ReadonlyArray<Copy>) => Copy;
  /** Forgets what shared copies hold: later rounds of repeated dispatches do not find them as the first round did. */
  readonly forget: () => void;
  /** Notes that the buffer's contents change. */
  readonly written: (buffer: GPUBuffer) => void;
  /** Whether the copy is out of date and must be made now; from then on it counts as made. */
  readonly refresh: (copy: Copy, part: Part) => boolean;
  readonly destroy: (buffer: GPUBuffer) => void;
}

/** Whether a copy holds at least this part. */
function holds({ part }: Copy, { buffer, offset, size }: Part): boolean {
  return part !== null && part.buffer === buffer && part.offset === offset && part.size >= size;
}

/** Texture copies of one device, of parts of at most `bindingBytes`. */
export function createTextureCopies(device: GPUDevice, bindingBytes: number): TextureCopies {
  const versions = new Map<GPUBuffer, number>();
  const owned = new Map<GPUBuffer, Map<Texel, Copy>>();
  const shared = new Map<number, { readonly copies: Copy[]; readonly buffers: Set<GPUBuffer> }>();
  const highest = Math.min(
    device.limits.maxTextureDimension2D - 1,
    Math.ceil(bindingBytes / TEXTURE_ROW_BYTES),
  );
  /**
   * Rows of texels that hold what is read of a buffer at once. They are odd and at least 3, so never a power of two:
   * for each input, lavapipe compiles a kernel once for heights that are a power of two and once for others.
   */
  const heightOf = ({ size }: GPUBuffer) =>
    Math.max(3, Math.min(size / TEXTURE_ROW_BYTES, highest) | 1);
  let clock = 0;
  const make = (label: string, height: number, texel: Texel): Copy => {
    const texture = device.createTexture({
      label: `${label} as texture`,
      size: [TEXELS_PER_ROW, height],
      format: texel === "float" ? "rgba32float" : "rgba32uint",
      usage: GPUTextureUsage.STORAGE_BINDING | GPUTextureUsage.COPY_DST,
    });
    return { texture, view: texture.createView(), part: null, version: -1, used: 0 };
  };
  return {
    mostBytes: highest * TEXTURE_ROW_BYTES,
    own: (buffer, texel) => {
      const ofBuffer = owned.get(buffer) ?? new Map<Texel, Copy>();
      owned.set(buffer, ofBuffer);
      const copy = ofBuffer.get(texel) ?? make(buffer.label, heightOf(buffer), texel);
      ofBuffer.set(texel, copy);
      return copy;
    },
    share: (part, taken) => {
      const height = heightOf(part.buffer);
      const ofHeight = shared.get(height) ?? { copies: [], buffers: new Set() };
      shared.set(height, ofHeight);
      ofHeight.buffers.add(part.buffer);
      const free = ofHeight.copies.filter((copy) => !taken.includes(copy));
      const found = free.find((copy) => holds(copy, part)) ??
        free.sort((a, b) => a.used - b.used)[0];
      if (found !== undefined) return found;
      const made = make(`shared ${ofHeight.copies.length}`, height, "float");
      ofHeight.copies.push(made);
      return made;
    },
    forget: () => {
      for (const copy of [...shared.values()].flatMap(({ copies }) => copies)) copy.part = null;
    },
    written: (buffer) => void versions.set(buffer, (versions.get(buffer) ?? 0) + 1),
    refresh: (copy, part) => {
      const version = versions.get(part.buffer) ?? 0;
      copy.used = clock++;
      if (copy.version === version && holds(copy, part)) return false;
      Object.assign(copy, { part, version });
      return true;
    },
    destroy: (buffer) => {
      for (const { texture } of owned.get(buffer)?.values() ?? []) texture.destroy();
      owned.delete(buffer);
      versions.delete(buffer);
      const height = heightOf(buffer);
      const ofHeight = shared.get(height);
      ofHeight?.buffers.delete(buffer);
      if (ofHeight?.buffers.size !== 0) return;
      for (const { texture } of ofHeight.copies) texture.destroy();
      shared.delete(height);
    },
  };
}

/** Records the copy of a part of a buffer to a texture. */
export function recordCopy(
  encoder: GPUCommandEncoder,
  { texture }: Copy,
  { buffer, offset, size }: Part,
): void {
  // One copy takes whole rows of texels. Only the end of a buffer may need a second one.
  const whole = Math.ceil(size / TEXTURE_ROW_BYTES) * TEXTURE_ROW_BYTES;
  const bytes = Math.min(whole, buffer.size - offset);
  const rows = Math.floor(bytes / TEXTURE_ROW_BYTES);
  const rest = bytes % TEXTURE_ROW_BYTES / TEXEL_BYTES;
  const layout = { buffer, bytesPerRow: TEXTURE_ROW_BYTES };
  if (rows > 0) {
    const source = { ...layout, offset, rowsPerImage: rows };
    encoder.copyBufferToTexture(source, { texture }, [TEXELS_PER_ROW, rows]);
  }
  if (rest > 0) {
    const source = { ...layout, offset: offset + rows * TEXTURE_ROW_BYTES, rowsPerImage: 1 };
    encoder.copyBufferToTexture(source, { texture, origin: [0, rows] }, [rest, 1]);
  }
}
