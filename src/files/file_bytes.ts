/** Bytes of open files. Workers import this file, so that it imports nothing that takes long to load. */

/** Most bytes that one call reads or writes, since some systems refuse 2 GiB and more at once. */
const CHUNK_BYTES = 1 << 26;

/** Fills bytes from an offset on, as far as the file goes, and answers with how many. */
export async function fill(file: Deno.FsFile, bytes: Uint8Array, offset: number): Promise<number> {
  await file.seek(offset, Deno.SeekMode.Start);
  let filled = 0;
  while (filled < bytes.length) {
    const read = await file.read(bytes.subarray(filled, filled + CHUNK_BYTES));
    if (read === null) break;
    filled += read;
  }
  return filled;
}

/** Writes all bytes of a part at the file's current position. */
export async function append(file: Deno.FsFile, part: Uint8Array): Promise<void> {
  for (let written = 0; written < part.length;) {
    written += await file.write(part.subarray(written, written + CHUNK_BYTES));
  }
}
