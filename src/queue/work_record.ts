/** Who played the groups of a step: a line of `workers.jsonl` in the run's folder. It holds no result of the run. */
import type { Effect } from "effect";
import type { BadInput } from "../domain/errors.ts";
import { onDisk } from "../files/disk.ts";
import type { PlayedGroup } from "./group_record.ts";

/** What is recorded of a step. */
export interface WorkRecord {
  readonly step: number;
  /** Groups that the trainer played. */
  readonly here: number;
  /** Groups that workers played. */
  readonly elsewhere: number;
  /** Workers that played a group. */
  readonly workers: number;
  /** Bytes of the groups that workers played. */
  readonly bytes: number;
  /** From the first job on offer to the last answer. */
  readonly seconds: number;
  /** Share of that time in which these workers did not play; null without workers. */
  readonly idleShare: number | null;
  /** Times that a group was begun again: who had it was killed, hung or failed, or its answer was refused. */
  readonly repeats: number;
  /** The workers one by one. */
  readonly each: ReadonlyArray<WorkShare>;
}

/** What one worker did of a step. */
export interface WorkShare {
  /** The name that it printed when it began. */
  readonly worker: string;
  readonly groups: number;
  readonly idleShare: number;
}

/** A group, who played it, and how large it was. */
export interface AnsweredGroup extends PlayedGroup {
  readonly worker: string;
  readonly bytes: number;
}

/** How many answers the trainer, of name `own`, and others gave, and the bytes of the others'. */
export function countOf<A extends { readonly worker: string; readonly bytes: number }>(
  answers: Iterable<A>,
  own: string,
) {
  const all = [...answers];
  const theirs = all.filter(({ worker }) => worker !== own);
  return {
    theirs,
    here: all.length - theirs.length,
    elsewhere: theirs.length,
    bytes: theirs.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/** The record of a step, of which `own` is the trainer's name. */
export function workRecord(
  groups: Iterable<AnsweredGroup>,
  { seconds, own, ...step }: Pick<WorkRecord, "step" | "seconds" | "repeats"> & {
    readonly own: string;
  },
): WorkRecord {
  const { theirs, ...counts } = countOf(groups, own);
  const each = Array.from(
    Map.groupBy(theirs, ({ worker }) => worker),
    ([worker, done]): WorkShare => {
      const busy = done.reduce((sum, one) => sum + one.rolloutSeconds + one.scoreSeconds, 0);
      return { worker, groups: done.length, idleShare: Math.max(0, 1 - busy / seconds) };
    },
  );
  return {
    ...step,
    here: counts.here,
    elsewhere: counts.elsewhere,
    workers: each.length,
    bytes: counts.bytes,
    seconds,
    idleShare: each.length === 0
      ? null
      : each.reduce((sum, { idleShare }) => sum + idleShare, 0) / each.length,
    each,
  };
}

/** Name of the file of these lines. */
export const WORKERS_FILE = "workers.jsonl";

/** Appends such a line to the file of a run's folder. */
export const keepWork = (folder: string, record: WorkRecord) =>
  appendLine(`${folder}/${WORKERS_FILE}`, record);

/** Appends a record to a file of lines. */
export function appendLine(path: string, record: object): Effect.Effect<void, BadInput> {
  return onDisk(
    `write "${path}"`,
    () => Deno.writeTextFile(path, `${JSON.stringify(record)}\n`, { append: true }),
  );
}
