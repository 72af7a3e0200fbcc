/**
 * Porter's stemmer (M.F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980) with the two
 * departures its author later made official and Lucene keeps: -bli for -abli, and -logi to -log.
 * A word is C(VC)^m V; m, the measure, counts how much stem stands before a suffix.
 */

type Rule = readonly [suffix: string, replacement: string];

const STEP_2: ReadonlyArray<Rule> = [
  ["ational", "ate"],
  ["tional", "tion"],
  ["enci", "ence"],
  ["anci", "ance"],
  ["izer", "ize"],
  ["bli", "ble"],
  ["alli", "al"],
  ["entli", "ent"],
  ["eli", "e"],
  ["ousli", "ous"],
  ["ization", "ize"],
  ["ation", "ate"],
  ["ator", "ate"],
  ["alism", "al"],
  ["iveness", "ive"],
  ["fulness", "ful"],
  ["ousness", "ous"],
  ["aliti", "al"],
  ["iviti", "ive"],
  ["biliti", "ble"],
  ["logi", "log"],
];

const STEP_3: ReadonlyArray<Rule> = [
  ["icate", "ic"],
  ["ative", ""],
  ["alize", "al"],
  ["iciti", "ic"],
  ["ical", "ic"],
  ["ful", ""],
  ["ness", ""],
];

const STEP_4 = "al ance ence er ic able ible ant ement ment ent ion ou ism ate iti ous ive ize"
  .split(" ");

/** The stem of a lower-case word; words of one or two letters and words with other characters stay. */
export function stem(word: string): string {
  if (word.length <= 2 || !/^[a-z]+$/.test(word)) return word;
  const singular = step1c(step1b(step1a(word)));
  return step5(step4(replaceSuffix(replaceSuffix(singular, STEP_2), STEP_3)));
}

/** `c` for each consonant and `v` for each vowel; y is a vowel after a consonant. */
function shapeOf(word: string): string {
  let shape = "";
  for (const letter of word) {
    const vowel = "aeiou".includes(letter) || (letter === "y" && shape.endsWith("c"));
    shape += vowel ? "v" : "c";
  }
  return shape;
}

function measure(root: string): number {
  return shapeOf(root).match(/v+c+/g)?.length ?? 0;
}

function hasVowel(root: string): boolean {
  return shapeOf(root).includes("v");
}

function endsDouble(word: string): boolean {
  return word.length > 1 && word.at(-1) === word.at(-2) && shapeOf(word).endsWith("c");
}

/** Ends consonant, vowel, consonant other than w, x, y: short words such as "hop" or "fil(e)". */
function endsShort(word: string): boolean {
  return shapeOf(word).endsWith("cvc") && !/[wxy]$/.test(word);
}

function step1a(word: string): string {
  if (word.endsWith("sses") || word.endsWith("ies")) return word.slice(0, -2);
  return word.endsWith("s") && !word.endsWith("ss") ? word.slice(0, -1) : word;
}

function step1b(word: string): string {
  if (word.endsWith("eed")) return measure(word.slice(0, -3)) > 0 ? word.slice(0, -1) : word;
  const suffix = ["ed", "ing"].find((candidate) => word.endsWith(candidate));
  const root = suffix === undefined ? "" : word.slice(0, -suffix.length);
  if (!hasVowel(root)) return word;
  if (/(at|bl|iz)$/.test(root)) return `${root}e`;
  if (endsDouble(root) && !/[lsz]$/.test(root)) return root.slice(0, -1);
  return measure(root) === 1 && endsShort(root) ? `${root}e` : root;
}

function step1c(word: string): string {
  return word.endsWith("y") && hasVowel(word.slice(0, -1)) ? `${word.slice(0, -1)}i` : word;
}

/** Applies the rule of the longest suffix if at least one VC stands before it. */
function replaceSuffix(word: string, rules: ReadonlyArray<Rule>): string {
  const [suffix, replacement] = rules
    .filter(([candidate]) => word.endsWith(candidate))
    .reduce<Rule>((longest, rule) => (rule[0].length > longest[0].length ? rule : longest), [
      "",
      "",
    ]);
  const root = word.slice(0, word.length - suffix.length);
  return suffix !== "" && measure(root) > 0 ? root + replacement : word;
}

function step4(word: string): string {
  const suffix = STEP_4.filter((candidate) => word.endsWith(candidate))
    .reduce((longest, candidate) => (candidate.length > longest.length ? candidate : longest), "");
  const root = word.slice(0, word.length - suffix.length);
  const allowed = suffix !== "ion" || /[st]$/.test(root);
  return suffix !== "" && allowed && measure(root) > 1 ? root : word;
}

function step5(word: string): string {
  const root = word.slice(0, -1);
  const silent = word.endsWith("e") &&
    (measure(root) > 1 || (measure(root) === 1 && !endsShort(root)));
  const bare = silent ? root : word;
  return bare.endsWith("ll") && measure(bare) > 1 ? bare.slice(0, -1) : bare;
}
