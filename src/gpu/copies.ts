import { TEXELS_PER_ROW, TEXTURE_ROW_BYTES } from "./texture_form.ts";

/** A texture that holds the first part of a buffer, and which state of the buffer it holds. */
interface Copy {
  readonly texture: GPUTexture;
  readonly view: GPUTextureView;
  version: number;
  rows: number;
}

/** Copies of buffers as textures, made again only when the buffer was written since. */
export interface TextureCopies {
  /** Whether a buffer of this size can be read as a texture. */
  readonly fits: (buffer: GPUBuffer) => boolean;
  readonly view: (buffer: GPUBuffer, texel: "float" | "uint") => GPUTextureView;
  /** Notes that the buffer's contents change. */
  readonly written: (buffer: GPUBuffer) => void;
  /** Rows to copy so that the first `bytes` are current, or 0; the copy then counts as made. */
  readonly refresh: (buffer: GPUBuffer, texel: "float" | "uint", bytes: number) => number;
  readonly record: (
    encoder: GPUCommandEncoder,
    buffer: GPUBuffer,
    texel: "float" | "uint",
    rows: number,
  ) => void;
  readonly destroy: (buffer: GPUBuffer) => void;
}

/** Texture copies of one device. */
export function createTextureCopies(device: GPUDevice): TextureCopies {
  const versions = new Map<GPUBuffer, number>();
  const copies = new Map<GPUBuffer, Map<string, Copy>>();
  const copyOf = (buffer: GPUBuffer, texel: "float" | "uint"): Copy => {
    const ofBuffer = copies.get(buffer) ?? new Map<string, Copy>();
    copies.set(buffer, ofBuffer);
    const known = ofBuffer.get(texel);
    if (known !== undefined) return known;
    const texture = device.createTexture({
      label: `${buffer.label} as texture`,
      size: [TEXELS_PER_ROW, buffer.size / TEXTURE_ROW_BYTES],
      format: texel === "float" ? "rgba32float" : "rgba32uint",
      usage: GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.COPY_DST,
    });
    const made = { texture, view: texture.createView(), version: -1, rows: 0 };
    ofBuffer.set(texel, made);
    return made;
  };
  return {
    fits: (buffer) =>
      buffer.size % TEXTURE_ROW_BYTES === 0 &&
      buffer.size / TEXTURE_ROW_BYTES <= device.limits.maxTextureDimension2D,
    view: (buffer, texel) => copyOf(buffer, texel).view,
    written: (buffer) => void versions.set(buffer, (versions.get(buffer) ?? 0) + 1),
    refresh: (buffer, texel, bytes) => {
      const copy = copyOf(buffer, texel);
      const version = versions.get(buffer) ?? 0;
      const rows = Math.ceil(bytes / TEXTURE_ROW_BYTES);
      if (copy.version === version && copy.rows >= rows) return 0;
      copy.version = version;
      copy.rows = rows;
      return rows;
    },
    record: (encoder, buffer, texel, rows) =>
      encoder.copyBufferToTexture(
        { buffer, bytesPerRow: TEXTURE_ROW_BYTES, rowsPerImage: rows },
        { texture: copyOf(buffer, texel).texture },
        [TEXELS_PER_ROW, rows],
      ),
    destroy: (buffer) => {
      for (const { texture } of copies.get(buffer)?.values() ?? []) texture.destroy();
      copies.delete(buffer);
      versions.delete(buffer);
    },
  };
}
