/** Groups of rows of a Parquet file, decoded one at a time after their sizes and check sums have been looked at. */
import { crc32 } from "node:zlib";
import {
  type AsyncBuffer,
  type ColumnMetaData,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { parquetHeader } from "hyparquet/src/column.js";
import { LIMITS } from "../domain/limits.ts";
import { quote } from "../domain/quote.ts";

/** A rule that a Parquet file breaks, with the value; its message goes on after "as". */
export class ParquetRefused extends Error {}

/** An open Parquet file. */
export interface ParquetGroups {
  readonly count: number;
  /** Rows of the groups before each one. */
  readonly before: ReadonlyArray<number>;
  /** The rows of a group; throws `ParquetRefused` on one that is too large or damaged. */
  readonly read: (group: number) => Promise<ReadonlyArray<Record<string, unknown>>>;
}

/** Reads the list of groups. */
export async function openParquetGroups(file: AsyncBuffer): Promise<ParquetGroups> {
  const metadata = await parquetMetadataAsync(file, { geoparquet: false });
  const starts = [0];
  for (const { num_rows } of metadata.row_groups) {
    starts.push(starts.at(-1)! + count("the rows of a group", num_rows, LIMITS.parquetGroupRows));
  }
  return {
    count: metadata.row_groups.length,
    before: starts,
    read: async (group) => {
      await checkGroup(file, metadata.row_groups[group]!);
      const [rowStart, rowEnd] = [starts[group]!, starts[group + 1]!];
      return await parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd });
    },
  };
}

/** Looks at what a group says of itself, and at every page of it, before anything is unpacked. */
async function checkGroup(
  file: AsyncBuffer,
  { columns }: FileMetaData["row_groups"][number],
): Promise<void> {
  let [values, bytes] = [0, 0];
  for (const { meta_data: column } of columns) {
    if (column === undefined) throw new ParquetRefused("each column must be described: one is not");
    const pages = await checkPages(file, column);
    values += pages.values;
    bytes += pages.bytes;
    count("the values of a group", values, LIMITS.parquetGroupValues);
    count("the unpacked bytes of a group", bytes, LIMITS.parquetGroupBytes);
  }
}

const PAGES: ReadonlySet<string> = new Set(["DATA_PAGE", "DATA_PAGE_V2", "DICTIONARY_PAGE"]);

/** Unpacked bytes and values of the pages of a column. */
async function checkPages(file: AsyncBuffer, column: ColumnMetaData) {
  const start = Number(column.dictionary_page_offset || column.data_page_offset);
  const size = count("the bytes of a column", column.total_compressed_size, file.byteLength);
  if (!Number.isSafeInteger(start) || start < 0 || start + size > file.byteLength) {
    throw new ParquetRefused(`each column must lie in the file: one begins at ${start}`);
  }
  const view = new DataView(await file.slice(start, start + size));
  const reader = { view, offset: 0 };
  let [values, bytes] = [0, 0];
  while (reader.offset < size - 1) {
    const header = parquetHeader(reader);
    if (!PAGES.has(header.type)) {
      throw new ParquetRefused("each page must be of a known type: one is not");
    }
    const packed = count("the bytes of a page", header.compressed_page_size, size - reader.offset);
    bytes += count(
      "the unpacked bytes of a page",
      header.uncompressed_page_size,
      LIMITS.parquetPageBytes,
    );
    if (header.crc !== undefined) {
      const page = new Uint8Array(view.buffer, reader.offset, packed);
      if ((crc32(page) | 0) !== header.crc) {
        throw new ParquetRefused("each page must be as its check sum says: one is damaged");
      }
    }
    const { num_values = 0 } = header.data_page_header ?? header.data_page_header_v2 ?? {};
    const { num_values: entries = 0 } = header.dictionary_page_header ?? {};
    count("the entries of a dictionary", entries, LIMITS.parquetGroupValues);
    values += count("the values of a page", num_values, LIMITS.parquetGroupValues);
    reader.offset += packed;
  }
  if (values !== Number(column.num_values)) {
    const rule = `the pages of a column must hold its ${column.num_values} values`;
    throw new ParquetRefused(`${rule}: they hold ${values}`);
  }
  return { values, bytes };
}

/** A number of something, from 0 to `most`. */
function count(what: string, value: number | bigint | undefined, most: number): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= 0 && number <= most) return number;
  throw new ParquetRefused(`${what} must be from 0 to ${most}: current value is ${quote(value)}`);
}
