const BLOCK = 512;

/** The regular files of a tar archive, by name; longer names than 100 bytes are not supported. */
export function readTar(archive: Uint8Array): Map<string, Uint8Array> {
  const decoder = new TextDecoder();
  const field = (start: number, length: number) =>
    decoder.decode(archive.subarray(start, start + length)).replace(/\0.*$/s, "").trim();
  const files = new Map<string, Uint8Array>();
  for (let header = 0; header + BLOCK <= archive.length && archive[header] !== 0;) {
    const size = Number.parseInt(field(header + 124, 12), 8);
    const kind = field(header + 156, 1);
    const start = header + BLOCK;
    if (kind === "" || kind === "0") {
      files.set(field(header, 100).replace(/^\.\//, ""), archive.subarray(start, start + size));
    }
    header = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}
