/** A Parquet file of one group of rows and one page a column, so that a test can put anything into a page. */
import { crc32 } from "node:zlib";

const LITTLE_ENDIAN = true;

export interface ParquetColumn {
  readonly name: string;
  readonly values: number;
  /** Whether the page begins with definition levels. */
  readonly isOptional?: boolean;
  /** Not packed. */
  readonly page: Uint8Array;
  /** The check sum of the page's header; the right one where it is left out, none where it is null. */
  readonly crc?: number | null;
  /** What the header says the page has when it is unpacked. */
  readonly unpacked?: number;
}

/** Strings as a page holds them. */
export function plainStrings(texts: ReadonlyArray<string>): Uint8Array {
  return joined(texts.map((text) => {
    const bytes = new TextEncoder().encode(text);
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, bytes.length, LITTLE_ENDIAN);
    return joined([length, bytes]);
  }));
}

/** A required column of strings. */
export const stringColumn = (name: string, texts: ReadonlyArray<string>): ParquetColumn => ({
  name,
  values: texts.length,
  page: plainStrings(texts),
});

/** The bytes of a file that says it has so many rows. */
export function parquetFile(rows: number, columns: ReadonlyArray<ParquetColumn>): Uint8Array {
  const magic = new TextEncoder().encode("PAR1");
  let at = magic.length;
  const parts: Uint8Array[] = [magic];
  const chunks = columns.map((column) => {
    const chunk = joined([pageHeader(column), column.page]);
    parts.push(chunk);
    const described = chunkOf(column, at, chunk.length);
    at += chunk.length;
    return described;
  });
  const schema = [
    struct([[4, BINARY, binary("root")], [5, I32, int(columns.length)]]),
    ...columns.map(({ name, isOptional }) =>
      struct([
        [1, I32, int(6)],
        [3, I32, int(Number(isOptional ?? false))],
        [4, BINARY, binary(name)],
        [6, I32, int(0)],
      ])
    ),
  ];
  const group = struct([[1, LIST, list(STRUCT, chunks)], [2, I64, int(at)], [3, I64, int(rows)]]);
  const footer = struct([
    [1, I32, int(1)],
    [2, LIST, list(STRUCT, schema)],
    [3, I64, int(rows)],
    [4, LIST, list(STRUCT, [group])],
  ]);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, footer.length, LITTLE_ENDIAN);
  return joined([...parts, footer, length, magic]);
}

function pageHeader({ values, page, crc, unpacked }: ParquetColumn): Uint8Array {
  const sum = crc === undefined ? crc32(page) | 0 : crc;
  return struct([
    [1, I32, int(0)],
    [2, I32, int(unpacked ?? page.length)],
    [3, I32, int(page.length)],
    ...(sum === null ? [] : [[4, I32, int(sum)] as const]),
    [
      5,
      STRUCT,
      struct([[1, I32, int(values)], [2, I32, int(0)], [3, I32, int(3)], [4, I32, int(3)]]),
    ],
  ]);
}

function chunkOf({ name, values }: ParquetColumn, at: number, length: number): Uint8Array {
  const metadata = struct([
    [1, I32, int(6)],
    [2, LIST, list(I32, [int(0)])],
    [3, LIST, list(BINARY, [binary(name)])],
    [4, I32, int(0)],
    [5, I64, int(values)],
    [6, I64, int(length)],
    [7, I64, int(length)],
    [9, I64, int(at)],
  ]);
  return struct([[2, I64, int(at)], [3, STRUCT, metadata]]);
}

// Thrift's compact protocol.
const [I32, I64, BINARY, LIST, STRUCT] = [5, 6, 8, 9, 12];

type Field = readonly [id: number, type: number, value: Uint8Array];

function struct(fields: ReadonlyArray<Field>): Uint8Array {
  let last = 0;
  const parts = fields.map(([id, type, value]) => {
    const head = Uint8Array.of((id - last) << 4 | type);
    last = id;
    return joined([head, value]);
  });
  return joined([...parts, Uint8Array.of(0)]);
}

function list(type: number, items: ReadonlyArray<Uint8Array>): Uint8Array {
  return joined([Uint8Array.of(0xf0 | type), varint(BigInt(items.length)), ...items]);
}

function binary(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  return joined([varint(BigInt(bytes.length)), bytes]);
}

const int = (value: number) =>
  varint(BigInt.asUintN(64, BigInt(value) << 1n ^ BigInt(value) >> 63n));

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; bytes.length === 0 || rest > 0n; rest >>= 7n) {
    bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
  }
  return Uint8Array.from(bytes);
}

function joined(parts: ReadonlyArray<Uint8Array>): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
