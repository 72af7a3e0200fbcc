/** A gold answer in the form of the model's next message, to be scored after a context. */
export interface Probe {
  /** prefix ++ gold ++ suffix; first token follows the context's last. */
  readonly ids: Uint32Array;
  /** Scored span [start, end) of the gold tokens in `ids`: prefix and suffix never count. */
  readonly start: number;
  readonly end: number;
}

/**
 * Joins three token lists that were encoded apart, so that the gold span is exact by construction.
 * Encoding the joined text instead can merge the answer's last character with the line break that
 * follows; then no span of tokens is exactly the answer.
 */
export function assembleProbe(
  prefix: ArrayLike<number>,
  gold: ArrayLike<number>,
  suffix: ArrayLike<number>,
): Probe {
  const start = prefix.length;
  const end = start + gold.length;
  const ids = new Uint32Array(end + suffix.length);
  ids.set(prefix, 0);
  ids.set(gold, start);
  ids.set(suffix, end);
  return { ids, start, end };
}
