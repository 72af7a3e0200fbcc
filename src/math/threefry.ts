/**
 * Threefry-2x32-20 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC11):
 * a random number is a pure function of a key and a counter. It uses only u32 additions, rotations and
 * xors, so a WGSL kernel computes the same bits.
 */

/** Two u32 words. Keys are values: pass them on, split them, never advance them. */
export type RandomKey = readonly [number, number];

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const KEY_PARITY = 0x1bd11bda;
const ROUNDS = 20;

/** Second counter word of `randomBits` and of `splitKey`: draws and child keys never come from the same block. */
const DRAW = 0;
const SPLIT = 1;

/**
 * One block: 20 rounds of x0 += x1; x1 = rotl(x1, r) ^ x0, with the key injected every fourth round.
 * All words are u32, wrap-around addition.
 */
export function threefry2x32(key: RandomKey, counter: RandomKey): RandomKey {
  const schedule = [key[0], key[1], key[0] ^ key[1] ^ KEY_PARITY];
  let x0 = (counter[0] + schedule[0]!) | 0;
  let x1 = (counter[1] + schedule[1]!) | 0;
  for (let round = 0; round < ROUNDS; round++) {
    const rotation = ROTATIONS[round % 8]!;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << rotation) | (x1 >>> (32 - rotation))) ^ x0;
    if (round % 4 === 3) {
      const injection = (round + 1) / 4;
      x0 = (x0 + schedule[injection % 3]!) | 0;
      x1 = (x1 + schedule[(injection + 1) % 3]! + injection) | 0;
    }
  }
  return [x0 >>> 0, x1 >>> 0];
}

/** The root key of a run: high and low word of a non-negative integer seed below 2^53. */
export function keyFromSeed(seed: number): RandomKey {
  return [Math.floor(seed / 2 ** 32) >>> 0, seed >>> 0];
}

/**
 * Folds u32 data into a key, one block a datum: `splitKey(key, a, b)` equals
 * `splitKey(splitKey(key, a), b)`. Fold strings in through {@link hashString}.
 */
export function splitKey(key: RandomKey, ...data: ReadonlyArray<number>): RandomKey {
  return data.reduce<RandomKey>((folded, datum) => threefry2x32(folded, [datum >>> 0, SPLIT]), key);
}

/** The u32 at place `counter` (u32) of the key's stream. */
export function randomBits(key: RandomKey, counter: number): number {
  return threefry2x32(key, [counter >>> 0, DRAW])[0];
}

/** A number in [0, 1): the upper 24 bits, so that it is exact in float32 and equal on the device. */
export function uniform(key: RandomKey, counter: number): number {
  return (randomBits(key, counter) >>> 8) * 2 ** -24;
}

/** FNV-1a over UTF-8 bytes, a u32: turns an id into data for {@link splitKey}. */
export function hashString(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return hash >>> 0;
}
