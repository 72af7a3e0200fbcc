import assert from "node:assert/strict";
import { setConstants, unrollLoops } from "../../src/gpu/straight_line.ts";

const KERNEL = `const N = 2u;
const HALF = N / 2u;
fn f() {
  for (var i = 0u; i < N; i++) { // @unroll
    sum[i] = first;
    for (var k = 0u; k < HALF; k++) { // @unroll
      sum[i] += tile[i * HALF + k] * index;
    }
  }
  for (var i = 0u; i < N; i++) {
    keep[i] = i;
  }
}`;

/** The text without line breaks and indentation. */
const flat = (text: string) => text.replaceAll(/\s+/g, " ").trim();

Deno.test("setConstants() replaces const lines and nothing else", () => {
  assert.equal(setConstants(KERNEL, { N: 7 }), KERNEL.replace("N = 2u", "N = 7u"));
  assert.equal(setConstants(KERNEL, {}), KERNEL);
});

Deno.test("setConstants() refuses a constant that the kernel does not have", () => {
  assert.throws(() => setConstants(KERNEL, { M: 1 }), /no constant M/);
});

Deno.test("setConstants() refuses to set a constant that is derived from another", () => {
  assert.throws(() => setConstants(KERNEL, { HALF: 1 }), /no constant HALF/);
});

Deno.test("unrollLoops() writes out marked loops, inner ones and derived bounds included", () => {
  const unrolled = flat(unrollLoops(KERNEL));
  assert.ok(unrolled.includes(
    "{ sum[0u] = first; { sum[0u] += tile[0u] * index; } } " +
      "{ sum[1u] = first; { sum[1u] += tile[1u] * index; } }",
  ));
});

Deno.test("unrollLoops() leaves loops without the mark alone", () => {
  assert.ok(flat(unrollLoops(KERNEL)).includes("for (var i = 0u; i < N; i++) { keep[i] = i; }"));
});

Deno.test("unrollLoops() follows the constants that were set before", () => {
  const passes = (n: number) =>
    unrollLoops(setConstants(KERNEL, { N: n })).split("= first;").length - 1;
  assert.deepEqual([passes(1), passes(2), passes(6)], [1, 2, 6]);
});

Deno.test("unrollLoops() replaces the variable as a word, not inside of other names", () => {
  assert.ok(!unrollLoops(KERNEL).includes("0undex"));
  assert.ok(unrollLoops(KERNEL).includes("index"));
});

Deno.test("unrollLoops() computes what the loops compute", () => {
  // The marked loops read the same in JavaScript once suffixes, types and declarations are taken off.
  const run = (text: string) => {
    const body = text.split("\n").slice(3, -4).join("\n")
      .replaceAll(/\b(\d+)u\b/g, "$1").replaceAll("var ", "let ");
    const program = new Function("sum", "tile", "first", "index", "N", "HALF", body);
    const sum: number[] = [];
    program(sum, [3, 5, 7, 11, 13, 17], 100, 2, 6, 3);
    return sum;
  };
  const kernel = setConstants(KERNEL, { N: 6 });
  assert.equal(run(kernel).length, 6);
  assert.deepEqual(run(unrollLoops(kernel)), run(kernel));
});

Deno.test("unrollLoops() refuses a bound whose value it does not know", () => {
  assert.throws(() => unrollLoops(KERNEL.replace("HALF = N", "HALF = M + N")), /HALF .* not known/);
});

Deno.test("unrollLoops() computes indices that are known, and only those", () => {
  const second = (expression: string) => {
    const loop = `for (var n = 0u; n < N; n++) { // @unroll\n  ${expression}\n}`;
    return flat(unrollLoops(`const N = 3u;\n${loop}`)).split("{ ")[2]!.replace(/ }\s*$/, "");
  };
  const cases = [
    ["t[(4u * n + 1u) * N + k]", "t[15u + k]"],
    ["t[4u * n * N + n] * x", "t[13u] * x"],
    ["t[i / 2u * n]", "t[i / 2u * 1u]"],
    ["t[2u + n * k]", "t[2u + 1u * k]"],
    ["t[k * n + 1u]", "t[k * 1u + 1u]"],
    ["t[n + N % 2u]", "t[1u + 3u % 2u]"],
    ["f(n)", "f(1u)"],
  ] as const;
  for (const [before, after] of cases) assert.equal(second(before), after);
});
