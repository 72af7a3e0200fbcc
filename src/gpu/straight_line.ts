/**
 * The first transform of WGSL text. It sets `const NAME = ...;` lines of a kernel, and can unroll the loops that are
 * marked `// @unroll`. So one readable file serves GPUs, which keep the loops, and CPU adapters, which read workgroup
 * memory fast only at constant addresses in straight-line code.
 */

const CONST_LINE = /^const (\w+) = (\d+)u;$/;
const LOOP_LINE = /^(\s*)for \(var (\w+) = 0u; \2 < (\w+); \2\+\+\) \{ \/\/ @unroll$/;
const DERIVED_LINE = /^const (\w+) = (\w+) \/ (\d+)u;$/;

/** Replaces the values of `const` lines. Throws when the kernel has no such constant. */
export function setConstants(code: string, constants: Readonly<Record<string, number>>): string {
  const missing = new Set(Object.keys(constants));
  const lines = code.split("\n").map((line) => {
    const match = CONST_LINE.exec(line);
    const value = match === null ? undefined : constants[match[1]!];
    if (match === null || value === undefined) return line;
    missing.delete(match[1]!);
    return `const ${match[1]} = ${value}u;`;
  });
  if (missing.size > 0) throw new Error(`The kernel has no constant ${[...missing].join(", ")}`);
  return lines.join("\n");
}

/** Values of the kernel's constants: literals, and quotients of a constant and a literal. */
function constantsOf(lines: ReadonlyArray<string>): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  for (const line of lines) {
    const literal = CONST_LINE.exec(line);
    if (literal !== null) values.set(literal[1]!, Number(literal[2]));
    const derived = DERIVED_LINE.exec(line);
    if (derived !== null) {
      values.set(derived[1]!, Math.floor(values.get(derived[2]!)! / Number(derived[3])));
    }
  }
  return values;
}

/** Unrolls every loop marked `// @unroll`, inner ones too; each iteration becomes a block of its own. */
export function unrollLoops(code: string): string {
  const lines = code.split("\n");
  return expand(lines, constantsOf(lines)).join("\n");
}

/** `a * b` and `a + b` of numbers, at the start of a bracket or of a term of a sum; numbers in brackets of their own. */
const PRODUCT = /(?<=[[(]|\+ )(\d+)u \* (\d+)u/g;
const SUM = /(?<=[[(])(\d+)u \+ (\d+)u(?=[\])]| [^*/%])/g;
const ALONE = /(?<![\w])\((\d+)u\)/g;

/** Evaluates constant parts of indices, which would take half of a compiler's time to read straight lines. */
function foldIndices(line: string, constants: ReadonlyMap<string, number>): string {
  let folded = line.replace(/\b[A-Z]\w*\b/g, (name) => {
    const value = constants.get(name);
    return value === undefined ? name : `${value}u`;
  });
  for (let before = ""; before !== folded;) {
    before = folded;
    folded = folded
      .replace(PRODUCT, (_, a: string, b: string) => `${Number(a) * Number(b)}u`)
      .replace(SUM, (_, a: string, b: string) => `${Number(a) + Number(b)}u`)
      .replace(ALONE, "$1u");
  }
  return folded;
}

function expand(
  lines: ReadonlyArray<string>,
  constants: ReadonlyMap<string, number>,
): ReadonlyArray<string> {
  const out: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const loop = LOOP_LINE.exec(lines[at]!);
    if (loop === null) {
      out.push(lines[at]!);
      continue;
    }
    const [, indent, variable, bound] = loop as unknown as [string, string, string, string];
    const trips = constants.get(bound);
    if (trips === undefined) throw new Error(`The bound ${bound} of an unrolled loop is not known`);
    const end = lines.indexOf(`${indent}}`, at + 1);
    const body = expand(lines.slice(at + 1, end), constants);
    const name = new RegExp(`\\b${variable}\\b`, "g");
    for (let i = 0; i < trips; i++) {
      const lines = body.map((line) => foldIndices(line.replace(name, `${i}u`), constants));
      out.push("{", ...lines, "}");
    }
    at = end;
  }
  return out;
}
