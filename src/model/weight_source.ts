import { Effect, Stream } from "effect";
import type { BadInput, KernelFailed } from "../domain/errors.ts";
import type { Engine } from "./engine.ts";
import type { Parameter, StoredParameter } from "./parameters.ts";

/** Where the values of a model's parameters come from: memory, or files that are read when asked. */
export interface WeightSource {
  /** `count` values of a parameter, row by row, from value `from` on. */
  readonly read: (
    name: string,
    from: number,
    count: number,
  ) => Effect.Effect<Float32Array, BadInput>;
}

/** Weights that are in memory, by name. */
export function weightsInMemory(weights: ReadonlyMap<string, Float32Array>): WeightSource {
  return {
    read: (name, from, count) => {
      const values = weights.get(name);
      return values === undefined
        ? Effect.die(new Error(`There is no parameter ${name}`))
        : Effect.succeed(values.subarray(from, from + count));
    },
  };
}

/** A source that reads these weights from memory and all others from `source`. */
export function withWeights(
  source: WeightSource,
  weights: ReadonlyMap<string, Float32Array>,
): WeightSource {
  const own = weightsInMemory(weights);
  return {
    read: (name, from, count) => (weights.has(name) ? own : source).read(name, from, count),
  };
}

/** All values of parameters, by name. */
export function readParameters(
  source: WeightSource,
  parameters: ReadonlyArray<Parameter>,
): Effect.Effect<ReadonlyMap<string, Float32Array>, BadInput> {
  const read = Effect.forEach(parameters, ({ name, rows, cols }) =>
    Effect.map(
      source.read(name, 0, rows * cols),
      (values) => [name, values] as const,
    ));
  return Effect.map(read, (entries) => new Map(entries));
}

/** All values of a parameter, piece by piece. */
export function streamParameter(
  source: WeightSource,
  { name, rows, cols }: Parameter,
): Stream.Stream<Float32Array, BadInput> {
  const length = rows * cols;
  const starts = Array.from({ length: Math.ceil(length / PIECE) }, (_, i) => i * PIECE);
  return Stream.fromIterable(starts).pipe(
    Stream.mapEffect((at) => source.read(name, at, Math.min(PIECE, length - at))),
  );
}

/** Values that are sent to a device at a time: 4 MiB, and whole runs of every format. */
const PIECE = 2 ** 20;

/** Writes parameters to an engine that has allocated them, piece by piece: host memory holds no whole tensor. */
export const writeWeights = Effect.fn("writeWeights")(function* (
  engine: Engine,
  parameters: ReadonlyArray<StoredParameter>,
  source: WeightSource,
): Effect.fn.Return<void, BadInput | KernelFailed> {
  let waiting = 0;
  let written = 0;
  for (const parameter of parameters) {
    const length = parameter.rows * parameter.cols;
    for (let at = 0; at < length; at += PIECE) {
      const count = Math.min(PIECE, length - at);
      engine.write(parameter.name, yield* readPiece(source, parameter, at, count), at);
      waiting += count;
      if (waiting < PIECE) continue;
      yield* engine.settle();
      waiting = 0;
      written += PIECE;
      if (written % COLLECT_EVERY === 0) collect();
    }
  }
});

/** Number of values between collections, in which pieces become some hundred megabytes of garbage. */
const COLLECT_EVERY = 8 * PIECE;

/**
 * Asks for a garbage collection. Pieces become garbage faster than it is collected, since the collector counts only the
 * little that is on its own heap. The launcher allows this; without it, loading takes some hundred megabytes more.
 */
const collect: () => void = () => {
  (globalThis as { gc?: () => void }).gc?.();
};

/** `count` values of a stored parameter from value `at` on, read from the parts that hold them. */
const readPiece = Effect.fnUntraced(function* (
  source: WeightSource,
  { parts }: StoredParameter,
  at: number,
  count: number,
) {
  const piece = new Float32Array(count);
  let start = 0;
  for (const { name, rows, cols } of parts) {
    const end = start + rows * cols;
    const [from, to] = [Math.max(at, start), Math.min(at + count, end)];
    if (from < to) piece.set(yield* source.read(name, from - start, to - from), from - at);
    start = end;
  }
  return piece;
});
