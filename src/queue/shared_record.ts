/** Who computed the gradient of an update: a line of `shards.jsonl` in the run's folder. It holds no result of the run. */
import type { Answered } from "./collect.ts";
import { appendLine, countOf } from "./work_record.ts";

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
  const { here, elsewhere, bytes } = countOf(answers, own);
  return { ...record, here, elsewhere, bytes };
}

/** Name of the file of these lines. */
export const SHARDS_FILE = "shards.jsonl";

/** Appends such a line to the file of a run's folder. */
export const keepShared = (folder: string, record: SharedRecord) =>
  appendLine(`${folder}/${SHARDS_FILE}`, record);
