/** A vocabulary of byte strings and the merges that build it, in the order they apply. */
export interface Merges {
  /** Token of each id: the 256 bytes in the order of their printable characters, then merged tokens. */
  readonly vocab: ReadonlyArray<string>;
  readonly merges: ReadonlyArray<readonly [string, string]>;
}

interface Word {
  ids: ReadonlyArray<number>;
  readonly count: number;
}

/** For each pair of neighbouring ids: its number of occurrences, and the words that hold it. */
interface PairIndex {
  readonly count: Map<number, number>;
  readonly words: Map<number, Set<Word>>;
}

const MAX_VOCAB = 1 << 20;

/**
 * Byte-pair merges of counted pieces until `targetSize` tokens exist or no pair is left.
 * `pieces` are in the printable byte alphabet of GPT-2. The result depends on the counts alone.
 */
export function mergePairs(pieces: ReadonlyMap<string, number>, targetSize: number): Merges {
  const vocab = byteAlphabet();
  const idOf = new Map(vocab.map((token, id) => [token, id]));
  const merges: Array<readonly [string, string]> = [];
  const pairs = indexPairs(pieces, idOf);
  while (vocab.length < Math.min(targetSize, MAX_VOCAB)) {
    const pair = mostFrequent(pairs.count);
    if (pair === null) break;
    const left = vocab[Math.floor(pair / MAX_VOCAB)]!;
    const right = vocab[pair % MAX_VOCAB]!;
    const id = idOf.get(left + right) ?? vocab.length;
    // Two different merges may build the same string: the second one adds a rule, not a token.
    if (id === vocab.length) vocab.push(left + right);
    idOf.set(left + right, id);
    merges.push([left, right]);
    applyMerge(pairs, pair, id);
  }
  return { vocab, merges };
}

/** The 256 byte characters of GPT-2's byte-level alphabet, by code point. */
export function byteAlphabet(): Array<string> {
  const printable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  const kept = bytes.filter(printable);
  const moved = bytes.filter((byte) => !printable(byte)).map((_, i) => 256 + i);
  return [...kept, ...moved].map((code) => String.fromCharCode(code));
}

function indexPairs(
  pieces: ReadonlyMap<string, number>,
  idOf: ReadonlyMap<string, number>,
): PairIndex {
  const pairs: PairIndex = { count: new Map(), words: new Map() };
  for (const [piece, count] of pieces) {
    addWord(pairs, { ids: Array.from(piece, (char) => idOf.get(char)!), count });
  }
  return pairs;
}

function addWord(pairs: PairIndex, word: Word): void {
  for (let i = 0; i + 1 < word.ids.length; i++) {
    const pair = word.ids[i]! * MAX_VOCAB + word.ids[i + 1]!;
    pairs.count.set(pair, (pairs.count.get(pair) ?? 0) + word.count);
    const words = pairs.words.get(pair);
    if (words === undefined) pairs.words.set(pair, new Set([word]));
    else words.add(word);
  }
}

function removeWord(pairs: PairIndex, word: Word): void {
  for (let i = 0; i + 1 < word.ids.length; i++) {
    const pair = word.ids[i]! * MAX_VOCAB + word.ids[i + 1]!;
    const count = pairs.count.get(pair)! - word.count;
    if (count > 0) pairs.count.set(pair, count);
    else pairs.count.delete(pair);
    pairs.words.get(pair)?.delete(word);
  }
}

function mostFrequent(count: ReadonlyMap<number, number>): number | null {
  let best: number | null = null;
  let bestCount = 0;
  for (const [pair, n] of count) {
    if (n > bestCount || (n === bestCount && best !== null && pair < best)) {
      best = pair;
      bestCount = n;
    }
  }
  return best;
}

function applyMerge(pairs: PairIndex, pair: number, id: number): void {
  const words = [...(pairs.words.get(pair) ?? [])];
  for (const word of words) {
    removeWord(pairs, word);
    word.ids = mergeIds(word.ids, pair, id);
    addWord(pairs, word);
  }
}

function mergeIds(ids: ReadonlyArray<number>, pair: number, id: number): ReadonlyArray<number> {
  const merged: Array<number> = [];
  for (let i = 0; i < ids.length; i++) {
    if (i + 1 < ids.length && ids[i]! * MAX_VOCAB + ids[i + 1]! === pair) {
      merged.push(id);
      i++;
    } else merged.push(ids[i]!);
  }
  return merged;
}
