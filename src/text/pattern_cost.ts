/** The work that a regular expression can make at one place of a text, by its form. */
import { Result } from "effect";

/** At n characters, one place takes at most `paths` times n to the power of `degree` steps. */
export interface PatternCost {
  readonly paths: number;
  readonly degree: number;
}

/** A part of a branch with how often it repeats; `branches` of null are a character, a class or a place. */
interface Item {
  readonly least: number;
  readonly most: number;
  readonly branches: ReadonlyArray<ReadonlyArray<Item>> | null;
  /** Whether it looks around and matches nothing itself. */
  readonly isLook: boolean;
}

/**
 * The cost of a regular expression of `tokenizer.json` (Oniguruma's syntax). Fails with a rule for what has no such
 * bound: a group that repeats, since `(a+)+` matches n characters in 2^n ways, and a reference to a group.
 */
export function patternCost(source: string): Result.Result<PatternCost, string> {
  try {
    const { branches, end } = parseBranches(source, 0);
    if (end < source.length) throw new Unbounded("each parenthesis must be opened");
    return Result.succeed(costOfBranches(branches, { paths: 1, degree: 0, canFail: false }));
  } catch (error) {
    if (error instanceof Unbounded) return Result.fail(error.message);
    if (error instanceof RangeError) return Result.fail("groups must not nest so deep");
    throw error;
  }
}

class Unbounded extends Error {}

/** What follows an item: its cost, and whether it can fail so that the item is tried in another way. */
interface Rest extends PatternCost {
  readonly canFail: boolean;
}

function costOfBranches(branches: ReadonlyArray<ReadonlyArray<Item>>, rest: Rest): Rest {
  const costs = branches.map((items) => items.reduceRight(costBefore, rest));
  return {
    paths: costs.reduce((sum, { paths }) => sum + paths, 0),
    degree: Math.max(...costs.map(({ degree }) => degree)),
    canFail: true,
  };
}

/** The cost of an item and what follows it. */
function costBefore(rest: Rest, { least, most, branches, isLook }: Item): Rest {
  const { paths, degree, canFail } = rest;
  if (branches === null) {
    const isEndless = most === Infinity;
    return {
      // What follows is tried after each number of repetitions, unless it cannot fail.
      paths: canFail && !isEndless ? paths * (most - least + 1) : paths,
      degree: canFail && isEndless ? degree + 1 : degree,
      canFail: canFail || least > 0,
    };
  }
  if (isLook) {
    const inner = costOfBranches(branches, { paths: 1, degree: 0, canFail: false });
    const isEndless = branches.flat().some((item) => item.most === Infinity);
    return {
      paths: paths * inner.paths,
      degree: degree + inner.degree + Number(isEndless),
      canFail: true,
    };
  }
  const taken = costOfBranches(branches, rest);
  return least > 0 ? taken : { ...taken, paths: taken.paths + paths, canFail };
}

interface Parsed {
  readonly branches: ReadonlyArray<ReadonlyArray<Item>>;
  readonly end: number;
}

/** Reads alternatives up to the parenthesis that closes them. */
function parseBranches(source: string, start: number): Parsed {
  const branches: Item[][] = [[]];
  let at = start;
  while (at < source.length && source[at] !== ")") {
    if (source[at] === "|") {
      branches.push([]);
      at++;
      continue;
    }
    const { item, end } = parseItem(source, at);
    branches.at(-1)!.push(item);
    at = end;
  }
  return { branches, end: at };
}

/** What opens a group: one that matches as it is, or one that looks around. */
const GROUP = /\((?:\?(?::|>|[imsx-]+:|<[A-Za-z_]\w*>))?(?!\?)/y;
const LOOK = /\(\?<?[=!]/y;
/** A class of characters, classes within it included as far as brackets go. */
const ESCAPE = /\\(?:[pP]\{[^}]*\}|x\{[^}]*\}|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|c[A-Za-z]|[^])/uy;
const REFERENCE = /\\[1-9kg]/y;
const QUANTIFIER = /(?:([*+?])|\{(\d*)(,?)(\d*)\})[?+]?/y;

function parseItem(source: string, at: number) {
  const { branches, isLook, end } = parseUnit(source, at);
  const found = matchAt(QUANTIFIER, source, end);
  if (found === null) return { item: { least: 1, most: 1, branches, isLook }, end };
  const [whole, sign, low, comma, high] = found;
  const least = sign === undefined ? Number(low || 0) : Number(sign === "+");
  const most = sign !== undefined
    ? (sign === "?" ? 1 : Infinity)
    : comma === ""
    ? least
    : high === ""
    ? Infinity
    : Number(high);
  if (branches !== null && (most > 1 || isLook)) {
    throw new Unbounded("a group must not repeat, which may take forever");
  }
  return { item: { least, most, branches, isLook }, end: end + whole.length };
}

/** Reads a character, a class or a group. */
function parseUnit(source: string, at: number) {
  if (source[at] === "(") {
    const look = matchAt(LOOK, source, at);
    const opened = look ?? matchAt(GROUP, source, at);
    if (opened === null) throw new Unbounded("its groups must be of a known kind");
    const { branches, end } = parseBranches(source, at + opened[0].length);
    if (source[end] !== ")") throw new Unbounded("each parenthesis must be closed");
    return { branches, isLook: look !== null, end: end + 1 };
  }
  const end = source[at] === "[" ? endOfClass(source, at) : endOfCharacter(source, at);
  return { branches: null, isLook: false, end };
}

function endOfCharacter(source: string, at: number): number {
  if (matchAt(REFERENCE, source, at) !== null) {
    throw new Unbounded("it must not refer to its groups");
  }
  const escape = matchAt(ESCAPE, source, at);
  if (escape !== null) return at + escape[0].length;
  if (source[at] === "\\") throw new Unbounded("a character must follow each backslash");
  return at + String.fromCodePoint(source.codePointAt(at)!).length;
}

function endOfClass(source: string, start: number): number {
  let depth = 0;
  for (let at = start; at < source.length; at++) {
    if (source[at] === "\\") at++;
    else if (source[at] === "[") depth++;
    else if (source[at] === "]" && --depth === 0) return at + 1;
  }
  throw new Unbounded("each bracket must be closed");
}

function matchAt(pattern: RegExp, source: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(source);
}
