/** The tests of models and policies in Chromium by tiles; tests/slow/runtimes_test.ts has those that take too long here. */
import { filesOf, runIn } from "../support/runtimes.ts";

const FILES = [...await filesOf("tests/model"), ...await filesOf("tests/policy")];

const SLOW = [
  "wgsl: generate() gives the same bits whenever it is asked, and whoever is asked for beside it",
  "wgsl: generate() greedy: a row alone, first, last and among 17 others has the same bits",
  "wgsl: fewer bits are further from the model in f32, none is another model, and both engines agree",
  "wgsl: generate() does not depend on how many rows are decoded at a time",
  "wgsl: gradient() of qwen2 in 1 micro-batch of 8 is that of 8 of 1, 5 tokens shared",
  "wgsl: gradient() of the embedded model in 1 micro-batch of 8 is that of 8 of 1, 0 tokens shared",
  "wgsl: generate() sampled: a row alone, first, last and among 17 others has the same bits",
  "wgsl with loops: a model whose weights are read in windows of rows has the bits of one whose are not",
];

Deno.test("models and policies pass in Chromium by tiles", (test) =>
  runIn("chromium", test, "tiles", FILES, { prefix: "wgsl", without: SLOW }));
