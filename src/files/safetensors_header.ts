import { Result, Schema } from "effect";
import { decodeInput } from "../domain/decode.ts";
import { BadInput } from "../domain/errors.ts";
import { LIMITS } from "../domain/limits.ts";
import { quote, shorten } from "../domain/quote.ts";
import { DTYPE_BYTES, type TensorDtype } from "./tensor_types.ts";
import { parseJson } from "../domain/json.ts";

/** Where a tensor lies in a safetensors file. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: TensorDtype;
  readonly shape: ReadonlyArray<number>;
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
}

/** The header of a safetensors file. */
export interface SafetensorsHeader {
  /** By name, in the order of their bytes. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A file as it is named in errors, with its length in bytes. */
export interface FileFacts {
  readonly path: string;
  readonly byteLength: number;
}

const COUNT = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0));

const HeaderEntry = Schema.Struct({
  dtype: Schema.String,
  shape: Schema.Array(COUNT),
  data_offsets: Schema.Tuple([COUNT, COUNT]),
});

const HeaderJson = Schema.Record(Schema.String, Schema.Unknown);
const Metadata = Schema.Record(Schema.String, Schema.String);

/** Bytes of the length field at the start of a file. */
export const LENGTH_BYTES = 8;

const LITTLE_ENDIAN = true;

/**
 * Length in bytes of the JSON header, from the first eight bytes of the file (unsigned, little-endian).
 * Format: https://huggingface.co/docs/safetensors.
 */
export function headerLength(
  head: Uint8Array,
  file: FileFacts,
): Result.Result<number, BadInput> {
  if (file.byteLength < LENGTH_BYTES || head.length < LENGTH_BYTES) {
    return refuse(file, "a file must hold at least 8 bytes", file.byteLength);
  }
  const length = new DataView(head.buffer, head.byteOffset).getBigUint64(0, LITTLE_ENDIAN);
  const room = BigInt(file.byteLength - LENGTH_BYTES);
  if (length > room || length > LIMITS.safetensorsHeaderBytes) {
    return refuse(
      file,
      `the header must fit into the file's ${file.byteLength} bytes and into ${LIMITS.safetensorsHeaderBytes}`,
      length,
    );
  }
  return Result.succeed(Number(length));
}

/**
 * Reads the JSON header. Fails with `BadInput` naming file and tensor unless every tensor has a known dtype
 * and as many bytes as its shape needs, and the tensors fill the rest of the file without gap or overlap.
 */
export function parseHeader(
  json: Uint8Array,
  file: FileFacts,
): Result.Result<SafetensorsHeader, BadInput> {
  return Result.gen(function* () {
    const entries = yield* decode(HeaderJson, parseText(json), file, "the header");
    const { __metadata__: rawMetadata = {}, ...rawTensors } = entries;
    const metadata = yield* decode(Metadata, rawMetadata, file, "__metadata__");
    const dataStart = LENGTH_BYTES + json.length;
    const tensors = yield* Result.all(
      Object.entries(rawTensors).map(([name, entry]) => tensorInfo(name, entry, dataStart, file)),
    );
    const ordered = tensors.toSorted((a, b) => a.offset - b.offset || a.byteLength - b.byteLength);
    yield* checkCover(ordered, dataStart, file);
    return { tensors: new Map(ordered.map((tensor) => [tensor.name, tensor])), metadata };
  });
}

/** A tensor to be written. */
export type TensorToWrite = Pick<TensorInfo, "name" | "dtype" | "shape">;

/**
 * Length field and header for tensors that follow in the given order, padded with spaces to 8 bytes.
 * The same tensors give the same bytes.
 */
export function encodeHeader(tensors: ReadonlyArray<TensorToWrite>): Uint8Array<ArrayBuffer> {
  const entries: Record<string, unknown> = { __metadata__: { format: "pt" } };
  let end = 0;
  for (const { name, dtype, shape } of tensors) {
    const start = end;
    end += elementCount(shape) * DTYPE_BYTES[dtype];
    entries[name] = { dtype, shape, data_offsets: [start, end] };
  }
  const json = new TextEncoder().encode(JSON.stringify(entries));
  const length = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(LENGTH_BYTES + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), LITTLE_ENDIAN);
  bytes.set(json, LENGTH_BYTES);
  return bytes;
}

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: ReadonlyArray<number>): number {
  return shape.reduce((count, length) => count * length, 1);
}

function tensorInfo(
  name: string,
  entry: unknown,
  dataStart: number,
  file: FileFacts,
): Result.Result<TensorInfo, BadInput> {
  return Result.gen(function* () {
    const tensor = `tensor ${quote(name)}`;
    const { dtype, shape, data_offsets } = yield* decode(HeaderEntry, entry, file, tensor);
    if (!isDtype(dtype)) return yield* refuse(file, `the dtype of ${tensor} must be known`, dtype);
    const byteLength = data_offsets[1] - data_offsets[0];
    const wanted = elementCount(shape) * DTYPE_BYTES[dtype];
    if (byteLength !== wanted) {
      const rule = `${tensor} of ${dtype} [${shorten(String(shape))}] must take ${wanted} bytes`;
      return yield* refuse(file, rule, byteLength);
    }
    return { name, dtype, shape, offset: dataStart + data_offsets[0], byteLength };
  });
}

function checkCover(
  ordered: ReadonlyArray<TensorInfo>,
  dataStart: number,
  file: FileFacts,
): Result.Result<void, BadInput> {
  let end = dataStart;
  for (const { name, offset, byteLength } of ordered) {
    if (offset !== end) {
      return refuse(
        file,
        `tensor ${quote(name)} must start where the one before ends, at ${end}`,
        offset,
      );
    }
    end += byteLength;
  }
  if (end === file.byteLength) return Result.void;
  return refuse(file, `its tensors must fill the file, up to byte ${end}`, file.byteLength);
}

function isDtype(dtype: string): dtype is TensorDtype {
  return Object.hasOwn(DTYPE_BYTES, dtype);
}

// No schema here accepts undefined, so a header that is not JSON fails like one of the wrong shape.
function parseText(json: Uint8Array): unknown {
  const text = Result.try(() => new TextDecoder("utf-8", { fatal: true }).decode(json));
  return Result.getOrUndefined(
    Result.flatMap(text, (source) => Result.try((): unknown => parseJson(source))),
  );
}

function decode<S extends Schema.Decoder<unknown>>(
  schema: S,
  input: unknown,
  file: FileFacts,
  what: string,
): Result.Result<S["Type"], BadInput> {
  return decodeInput(schema, input, `Cannot read "${file.path}" as in ${what}`);
}

function refuse(
  file: FileFacts,
  rule: string,
  value: string | number | bigint,
): Result.Result<never, BadInput> {
  return Result.fail(
    new BadInput({
      message: `Cannot read "${file.path}" as ${rule}: current value is ${quote(value)}`,
    }),
  );
}
