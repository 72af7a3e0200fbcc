/** The tests of models and policies in Chromium by loops; tests/slow/runtimes_test.ts has those that take too long here. */
import { filesOf, runIn } from "../support/runtimes.ts";

const FILES = [...await filesOf("tests/model"), ...await filesOf("tests/policy")];

const SLOW = [
  "wgsl: gradient() of the embedded model in 1 micro-batch of 8 is that of 8 of 1, 0 tokens shared",
  "wgsl: fewer bits are further from the model in f32, none is another model, and both engines agree",
  "wgsl: a model whose weights are read in windows of rows has the bits of one whose are not",
  // by_tiles_test.ts runs both.
  "wgsl with tiles: a model whose weights are read in windows of rows has the bits of one whose are not",
  "wgsl with tiles: generate() and evaluate() give one log-prob with adapters",
];

Deno.test("models and policies pass in Chromium by loops", (test) =>
  runIn("chromium", test, "loops", FILES, { prefix: "wgsl", without: SLOW }));
