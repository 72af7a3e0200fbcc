import type { MiniBatch } from "../domain/batch.ts";

/**
 * Cuts the n groups of a batch, in order, into at most `count` mini-batches M: number k, from 0, has the groups
 * floor(k n / M) to before floor((k + 1) n / M). As in verl a mini-batch has whole groups, whatever the micro-batches
 * are; the order is that of the questions, which the seed has drawn. A step that lost groups may have fewer than `count`.
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
