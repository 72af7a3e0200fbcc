/** Who computed the gradient of an update: a line of `shards.jsonl` in the run's folder. It holds no result of the run. */
import type { Effect } from "effect";
import type { BadInput } from "../domain/errors.ts";
import { onDisk } from "../files/disk.ts";
import type { Answered } from "./collect.ts";

/** What is recorded of an update whose gradient was shared. */
export interface SharedRecord {
  readonly step: number;
  /** Shards that the trainer computed. */
  readonly here: number;
  /** Shards that workers computed. */
  readonly elsewhere: number;
  /** Bytes of the gradients that workers computed. */
  readonly bytes: number;
  /** From the first write of a shard to the sum of the last. */
  readonly seconds: number;
  /** Times that a shard was begun again, as in `workers.jsonl`. */
  readonly repeats: number;
}

/** The record of an update, of which `own` is the trainer's name. */
export function sharedRecord(
  answers: Iterable<Pick<Answered<unknown>, "worker" | "bytes">>,
  { own, ...record }: Pick<SharedRecord, "step" | "seconds" | "repeats"> & { readonly own: string },
): SharedRecord {
  const all = [...answers];
  const theirs = all.filter(({ worker }) => worker !== own);
  return {
    ...record,
    here: all.length - theirs.length,
    elsewhere: theirs.length,
    bytes: theirs.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/** Name of the file of these lines. */
export const SHARDS_FILE = "shards.jsonl";

/** Appends such a line to the file of a run's folder. */
export function keepShared(folder: string, record: SharedRecord): Effect.Effect<void, BadInput> {
  const path = `${folder}/${SHARDS_FILE}`;
  return onDisk(
    `write "${path}"`,
    () => Deno.writeTextFile(path, `${JSON.stringify(record)}\n`, { append: true }),
  );
}
