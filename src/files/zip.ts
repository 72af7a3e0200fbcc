import { inflateRawSync } from "node:zlib";
import { Effect } from "effect";
import { BadInput } from "../domain/errors.ts";
import { reason } from "../domain/reason.ts";
import { onDisk, readRange } from "./disk.ts";

/** A file within a zip file. */
export interface ZipEntry {
  readonly name: string;
  /** Bytes, once unpacked. */
  readonly size: number;
  readonly packed: number;
  readonly method: number;
  /** Where its header begins. */
  readonly offset: number;
}

const END_OF_DIRECTORY = 0x06054b50;
const END_BYTES = 22;
const LONGEST_COMMENT = 0xffff;
const LONGEST_DIRECTORY = 1 << 26;
const ENTRY = 0x02014b50;
const ENTRY_BYTES = 46;
const HEADER_BYTES = 30;
const [STORED, DEFLATED] = [0, 8];

/** The files that a zip file lists, in its order. Fails with `BadInput` for what is no zip file, or one over 4 GiB. */
export const listZip = Effect.fn("listZip")(function* (path: string) {
  const { size } = yield* onDisk(`read "${path}"`, () => Deno.stat(path));
  const length = Math.min(size, END_BYTES + LONGEST_COMMENT);
  const tail = view(yield* readRange(path, { offset: size - length, length }));
  let end = length - END_BYTES;
  while (end >= 0 && tail.u32(end) !== END_OF_DIRECTORY) end--;
  if (end < 0) return yield* broken(path, "it must end with a directory of its files");
  const directory = {
    length: tail.u32(end + 12),
    offset: tail.u32(end + 16),
  };
  if (directory.offset + directory.length > size || directory.length > LONGEST_DIRECTORY) {
    return yield* broken(path, "its directory must lie within it, and be no longer than 64 MiB");
  }
  return yield* entriesOf(yield* readRange(path, directory), path);
});

const entriesOf = Effect.fnUntraced(function* (bytes: Uint8Array, path: string) {
  const table = view(bytes);
  const entries: ZipEntry[] = [];
  for (let at = 0; at + ENTRY_BYTES <= bytes.length;) {
    if (table.u32(at) !== ENTRY) {
      return yield* broken(path, "its directory must list files");
    }
    const nameLength = table.u16(at + 28);
    const name = new TextDecoder().decode(
      bytes.subarray(at + ENTRY_BYTES, at + ENTRY_BYTES + nameLength),
    );
    entries.push({
      name,
      method: table.u16(at + 10),
      packed: table.u32(at + 20),
      size: table.u32(at + 24),
      offset: table.u32(at + 42),
    });
    at += ENTRY_BYTES + nameLength + table.u16(at + 30) +
      table.u16(at + 32);
  }
  return entries;
});

/** The bytes of a file within a zip file. Fails with `BadInput` where it has more than `most`, or another packing than deflate. */
export const readZipEntry = Effect.fn("readZipEntry")(function* (
  path: string,
  entry: ZipEntry,
  most: number,
) {
  const { name, size, packed, method, offset } = entry;
  const place = `${path}!${name}`;
  if (Math.max(size, packed) > most) {
    return yield* broken(place, `it must have at most ${most} bytes: it has ${size}`);
  }
  if (method !== STORED && method !== DEFLATED) {
    return yield* broken(place, `it must be stored or deflated: its method is ${method}`);
  }
  const header = view(yield* readRange(path, { offset, length: HEADER_BYTES }));
  const start = offset + HEADER_BYTES + header.u16(26) + header.u16(28);
  const bytes = yield* readRange(path, { offset: start, length: packed });
  if (method === STORED) return bytes;
  return yield* Effect.try({
    // A directory may lie about the size.
    try: (): Uint8Array => inflateRawSync(bytes, { maxOutputLength: Math.max(1, size) }),
    catch: (error) =>
      new BadInput({ message: `Cannot read "${place}" as it must be deflated: ${reason(error)}` }),
  });
});

/** Whole numbers at places of bytes; zip files begin with the smallest byte. */
function view(bytes: Uint8Array) {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLittle = true;
  return {
    u16: (at: number) => data.getUint16(at, isLittle),
    u32: (at: number) => data.getUint32(at, isLittle),
  };
}

function broken(path: string, rule: string): BadInput {
  return new BadInput({ message: `Cannot read "${path}" as a zip file: ${rule}` });
}
