import { randomBits, type RandomKey } from "./threefry.ts";

/** A stream of draws from one key; two streams of the same key draw the same numbers. */
export interface RandomStream {
  /** A number in [0, 1) with 24 bits. */
  readonly next: () => number;
  /** An integer in [0, n), 1 <= n <= 2^20; the bias is below n / 2^32. */
  readonly int: (n: number) => number;
  /** One element of a non-empty list. */
  readonly pick: <A>(items: ReadonlyArray<A>) => A;
  /** A fresh list in random order (Fisher-Yates). */
  readonly shuffle: <A>(items: ReadonlyArray<A>) => Array<A>;
}

/** A stream for host code that draws many numbers in sequence, such as code that builds a world. */
export function createRandom(key: RandomKey): RandomStream {
  let counter = 0;
  const bits = (): number => randomBits(key, counter++);
  const int = (n: number): number => Math.floor((bits() * n) / 2 ** 32);
  return {
    next: () => (bits() >>> 8) * 2 ** -24,
    int,
    pick: (items) => items[int(items.length)]!,
    shuffle: (items) => {
      const shuffled = items.slice();
      for (let last = shuffled.length - 1; last > 0; last--) {
        const chosen = int(last + 1);
        [shuffled[last], shuffled[chosen]] = [shuffled[chosen]!, shuffled[last]!];
      }
      return shuffled;
    },
  };
}
