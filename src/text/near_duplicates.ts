/** A question that says nearly the same as another. */
export interface NearDuplicate<Q> {
  readonly question: Q;
  readonly like: Q;
  /** Jaccard similarity of their shingles; 1 also for texts that differ in order or punctuation only. */
  readonly similarity: number;
}

/** Least similarity of near-duplicates, as a fraction of whole numbers, so that no rounding decides. */
const LEAST = { numerator: 4, denominator: 5 };

interface Texted {
  readonly text: string;
}

/**
 * A text without what does not change a question: case, punctuation, white space and forms of a character. Symbols stay,
 * and what stands for one: C# is not C++, and 3 - 5 is not 3 * 5.
 */
export function plainText(text: string): string {
  return text.normalize("NFKC").toLowerCase()
    .replaceAll(/(?<=\p{L})-(?=\p{L})/gu, " ")
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{S}#*/-]+/gu, " ").trim();
}

/**
 * The questions that are near-duplicates of one of `others`, each with the one most like it: the shingles of both,
 * which are pairs of neighbouring words, have a Jaccard similarity |A ∩ B| / |A ∪ B| of at least 0.8.
 *
 * Exact, and near-linear in practice: sets that similar share a shingle among the rarest ones of each, so that only
 * questions with such a shingle in common are compared.
 */
export function nearDuplicates<Q extends Texted>(
  questions: ReadonlyArray<Q>,
  others: ReadonlyArray<Q>,
): ReadonlyArray<NearDuplicate<Q>> {
  const distinct = [...new Map(others.map((other) => [plainText(other.text), other])).values()];
  const sets = rankedShingles([...questions, ...distinct].map(({ text }) => plainText(text)));
  const othersSets = sets.slice(questions.length);
  /** For each shingle, the others that have it among their rarest ones. */
  const index = new Map<number, Array<number>>();
  othersSets.forEach((set, other) => {
    for (const rank of rarestOf(set)) {
      const having = index.get(rank);
      if (having === undefined) index.set(rank, [other]);
      else having.push(other);
    }
  });
  return questions.flatMap((question, i) => {
    const set = sets[i]!;
    const candidates = new Set([...rarestOf(set)].flatMap((rank) => index.get(rank) ?? []));
    let best: NearDuplicate<Q> | null = null;
    for (const other of candidates) {
      const similarity = similarityOf(set, othersSets[other]!);
      if (similarity > (best?.similarity ?? 0)) {
        best = { question, like: distinct[other]!, similarity };
      }
    }
    return best === null ? [] : [best];
  });
}

/** For each text its shingles as numbers, ascending; rarer shingles have lower numbers. */
function rankedShingles(texts: ReadonlyArray<string>): ReadonlyArray<Uint32Array> {
  const ids = new Map<string, number>();
  const counts: Array<number> = [];
  const sets = texts.map((text) => {
    const set = new Set(
      shinglesOf(text).map((shingle) => {
        const id = ids.get(shingle) ?? ids.size;
        ids.set(shingle, id);
        return id;
      }),
    );
    for (const id of set) counts[id] = (counts[id] ?? 0) + 1;
    return set;
  });
  const byCount = counts.map((_, id) => id).sort((a, b) => counts[a]! - counts[b]! || a - b);
  const ranks = new Uint32Array(byCount.length);
  byCount.forEach((id, rank) => ranks[id] = rank);
  return sets.map((set) => Uint32Array.from(set, (id) => ranks[id]!).sort());
}

/** Pairs of neighbouring words; a single word stands for itself. */
function shinglesOf(text: string): ReadonlyArray<string> {
  const words = text.split(" ");
  if (words.length === 1) return words;
  return words.slice(1).map((word, i) => `${words[i]} ${word}`);
}

/** So many of the rarest shingles that every set similar enough has one of them among its own. */
function rarestOf(set: Uint32Array): Uint32Array {
  const { numerator, denominator } = LEAST;
  return set.subarray(0, set.length - Math.ceil(numerator * set.length / denominator) + 1);
}

/** Jaccard similarity of two ascending sets, or 0 below the least. */
function similarityOf(left: Uint32Array, right: Uint32Array): number {
  let shared = 0;
  let i = 0;
  let j = 0;
  while (i < left.length && j < right.length) {
    const [a, b] = [left[i]!, right[j]!];
    if (a === b) shared++;
    if (a <= b) i++;
    if (b <= a) j++;
  }
  const union = left.length + right.length - shared;
  const { numerator, denominator } = LEAST;
  return denominator * shared >= numerator * union ? shared / union : 0;
}
