import { TEXELS_PER_ROW, TEXTURE_ROW_BYTES } from "./texture_form.ts";

/** How a texel is read: weights are raw words that load_weight decodes, everything else is floats. */
export type Texel = "float" | "uint";

/** A texture that holds the first part of a buffer, and which state of which buffer it holds. */
export interface Copy {
  readonly texture: GPUTexture;
  readonly view: GPUTextureView;
  buffer: GPUBuffer | null;
  version: number;
  rows: number;
  /** When it was last asked for. */
  used: number;
}

/** Copies of buffers as textures, made again only when the buffer was written since. */
export interface TextureCopies {
  /** Whether a buffer of this size can be read as a texture. */
  readonly fits: (buffer: GPUBuffer) => boolean;
  /** The texture of this buffer alone. */
  readonly own: (buffer: GPUBuffer, texel: Texel) => Copy;
  /**
   * A texture of floats that buffers of this height share, none of `taken`: the one that holds the buffer, else the one
   * that was asked for least recently. There are as many of a height as one op reads.
   */
  readonly share: (buffer: GPUBuffer, taken: ReadonlyArray<Copy>) => Copy;
  /** Forgets what shared copies hold: dispatches that are repeated do not start with what the first round started with. */
  readonly forget: () => void;
  /** Notes that the buffer's contents change. */
  readonly written: (buffer: GPUBuffer) => void;
  /** Rows to copy so that the first `bytes` of the buffer are current, or 0; the copy then counts as made. */
  readonly refresh: (copy: Copy, buffer: GPUBuffer, bytes: number) => number;
  readonly record: (
    encoder: GPUCommandEncoder,
    buffer: GPUBuffer,
    copy: Copy,
    rows: number,
  ) => void;
  readonly destroy: (buffer: GPUBuffer) => void;
}

/** Texture copies of one device. */
export function createTextureCopies(device: GPUDevice): TextureCopies {
  const versions = new Map<GPUBuffer, number>();
  const owned = new Map<GPUBuffer, Map<Texel, Copy>>();
  const shared = new Map<number, { readonly copies: Copy[]; readonly buffers: Set<GPUBuffer> }>();
  let clock = 0;
  const make = (label: string, bytes: number, texel: Texel): Copy => {
    const texture = device.createTexture({
      label: `${label} as texture`,
      size: [TEXELS_PER_ROW, bytes / TEXTURE_ROW_BYTES],
      format: texel === "float" ? "rgba32float" : "rgba32uint",
      usage: GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.COPY_DST,
    });
    return { texture, view: texture.createView(), buffer: null, version: -1, rows: 0, used: 0 };
  };
  return {
    fits: (buffer) =>
      buffer.size % TEXTURE_ROW_BYTES === 0 &&
      buffer.size / TEXTURE_ROW_BYTES <= device.limits.maxTextureDimension2D,
    own: (buffer, texel) => {
      const ofBuffer = owned.get(buffer) ?? new Map<Texel, Copy>();
      owned.set(buffer, ofBuffer);
      const copy = ofBuffer.get(texel) ?? make(buffer.label, buffer.size, texel);
      ofBuffer.set(texel, copy);
      return copy;
    },
    share: (buffer, taken) => {
      const ofHeight = shared.get(buffer.size) ?? { copies: [], buffers: new Set() };
      shared.set(buffer.size, ofHeight);
      ofHeight.buffers.add(buffer);
      const free = ofHeight.copies.filter((copy) => !taken.includes(copy));
      const found = free.find((copy) => copy.buffer === buffer) ??
        free.sort((a, b) => a.used - b.used)[0];
      if (found !== undefined) return found;
      const made = make(`shared ${ofHeight.copies.length}`, buffer.size, "float");
      ofHeight.copies.push(made);
      return made;
    },
    forget: () => {
      for (const copy of [...shared.values()].flatMap(({ copies }) => copies)) copy.buffer = null;
    },
    written: (buffer) => void versions.set(buffer, (versions.get(buffer) ?? 0) + 1),
    refresh: (copy, buffer, bytes) => {
      const version = versions.get(buffer) ?? 0;
      const rows = Math.ceil(bytes / TEXTURE_ROW_BYTES);
      copy.used = clock++;
      if (copy.buffer === buffer && copy.version === version && copy.rows >= rows) return 0;
      Object.assign(copy, { buffer, version, rows });
      return rows;
    },
    record: (encoder, buffer, { texture }, rows) =>
      encoder.copyBufferToTexture(
        { buffer, bytesPerRow: TEXTURE_ROW_BYTES, rowsPerImage: rows },
        { texture },
        [TEXELS_PER_ROW, rows],
      ),
    destroy: (buffer) => {
      for (const { texture } of owned.get(buffer)?.values() ?? []) texture.destroy();
      owned.delete(buffer);
      versions.delete(buffer);
      const ofHeight = shared.get(buffer.size);
      ofHeight?.buffers.delete(buffer);
      if (ofHeight?.buffers.size !== 0) return;
      for (const { texture } of ofHeight.copies) texture.destroy();
      shared.delete(buffer.size);
    },
  };
}
