import { Effect } from "effect";
import type { OpTime, Profile } from "../domain/report.ts";

/** Bytes for the times of about a million dispatches. Later dispatches are counted, not timed. */
const RESULT_BYTES = 1 << 24;
/** Number of timestamps of one submission: start and end of each dispatch. */
const QUERIES = 4096;
/** Results of queries lie at multiples of this. */
const RESOLVE_ALIGNMENT = 256;
const TIMESTAMP_BYTES = 8;

/** Times dispatches by timestamp queries, each in a compute pass of its own. */
export interface Profiler {
  /** The timestamp writes for the pass of the next dispatch, or null if it is not timed. */
  readonly begin: (program: string, op: string) => GPUComputePassTimestampWrites | null;
  /** Copies the times of all dispatches since the last call to a buffer. Must come last in a command buffer. */
  readonly resolve: (encoder: GPUCommandEncoder) => void;
  /** What was timed so far. */
  readonly profile: Effect.Effect<Profile>;
}

/** A profiler of one device, which must have the feature `timestamp-query`. */
export function createProfiler(device: GPUDevice): Profiler {
  const set = device.createQuerySet({ label: "profile", type: "timestamp", count: QUERIES });
  const { QUERY_RESOLVE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const results = device.createBuffer({
    label: "profile",
    size: RESULT_BYTES,
    usage: QUERY_RESOLVE | COPY_SRC,
  });
  // Names of the timed dispatches, and where the times of each submission start.
  const parts: Array<
    { readonly offset: number; readonly names: Array<readonly [string, string]> }
  > = [];
  let end = 0;
  let names: Array<readonly [string, string]> = [];
  let untimed = 0;
  return {
    begin: (program, op) => {
      const room = (RESULT_BYTES - end) / (2 * TIMESTAMP_BYTES);
      if (names.length >= Math.min(room, QUERIES / 2)) {
        untimed += 1;
        return null;
      }
      const query = 2 * names.length;
      names.push([program, op]);
      return { querySet: set, beginningOfPassWriteIndex: query, endOfPassWriteIndex: query + 1 };
    },
    resolve: (encoder) => {
      if (names.length === 0) return;
      encoder.resolveQuerySet(set, 0, 2 * names.length, results, end);
      parts.push({ offset: end, names });
      const bytes = 2 * TIMESTAMP_BYTES * names.length;
      end += Math.ceil(bytes / RESOLVE_ALIGNMENT) * RESOLVE_ALIGNMENT;
      names = [];
    },
    profile: Effect.promise(async () => {
      if (end === 0) return { times: [], untimed };
      const staging = device.createBuffer({
        label: "profile",
        size: end,
        usage: COPY_DST | MAP_READ,
      });
      const encoder = device.createCommandEncoder({ label: "profile" });
      encoder.copyBufferToBuffer(results, 0, staging, 0, end);
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      const stamps = new BigUint64Array(staging.getMappedRange().slice(0));
      staging.destroy();
      return { times: sumTimes(parts, stamps), untimed };
    }),
  };
}

function sumTimes(
  parts: ReadonlyArray<{
    readonly offset: number;
    readonly names: ReadonlyArray<readonly [string, string]>;
  }>,
  stamps: BigUint64Array,
): ReadonlyArray<OpTime> {
  const sums = new Map<string, OpTime>();
  for (const { offset, names } of parts) {
    names.forEach(([program, op], i) => {
      const at = offset / TIMESTAMP_BYTES + 2 * i;
      const seconds = Number(stamps[at + 1]! - stamps[at]!) / 1e9;
      const key = `${program} ${op}`;
      const known = sums.get(key) ?? { program, op, dispatches: 0, seconds: 0 };
      sums.set(key, {
        ...known,
        dispatches: known.dispatches + 1,
        seconds: known.seconds + seconds,
      });
    });
  }
  return [...sums.values()].sort((a, b) => b.seconds - a.seconds);
}
