import type { MiniBatch } from "../domain/batch.ts";

/**
 * Cuts the n groups of a batch, in order, into M <= `count` mini-batches: number k, from 0, holds the groups
 * [floor(k n / M), floor((k + 1) n / M)). As in verl a mini-batch holds whole groups, independent of micro-batches.
 * The order of groups is that of the questions, which the seed decides. M is below `count` if a step lost groups.
 */
export function cutMiniBatches(
  groupSizes: ReadonlyArray<number>,
  count: number,
): ReadonlyArray<MiniBatch> {
  const groups = groupSizes.length;
  const cuts = Math.min(count, groups);
  const sequencesBefore = (group: number) =>
    groupSizes.slice(0, group).reduce((sum, size) => sum + size, 0);
  return Array.from({ length: cuts }, (_, k) => ({
    start: sequencesBefore(Math.floor(k * groups / cuts)),
    end: sequencesBefore(Math.floor((k + 1) * groups / cuts)),
  }));
}

/** Cuts the groups of a mini-batch, in the same way, into shards whose gradients are computed apart. */
export function cutShards(
  groupSizes: ReadonlyArray<number>,
  { start, end }: MiniBatch,
  count: number,
): ReadonlyArray<MiniBatch> {
  let at = 0;
  const own = groupSizes.filter((size) => {
    at += size;
    return start < at && at <= end;
  });
  return cutMiniBatches(own, count).map((shard) => ({
    start: start + shard.start,
    end: start + shard.end,
  }));
}
