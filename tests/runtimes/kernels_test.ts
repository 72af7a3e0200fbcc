/** Kernels of every sort and a whole training step by tiles, in one page; tests/slow/runtimes_test.ts has the rest. */
import { runIn } from "../support/runtimes.ts";

/** The step has all ops of a model without adapters; the others are kernels that compile soon. */
const FILES = [
  "tests/page/training_step.ts",
  "tests/shaders/norm_test.ts",
  "tests/shaders/rope_test.ts",
  "tests/shaders/rows_test.ts",
  "tests/shaders/elementwise_test.ts",
  "tests/shaders/sampling_test.ts",
  "tests/shaders/update_test.ts",
];

Deno.test("kernels and a training step pass in Chromium by tiles", (test) =>
  runIn("chromium", test, "tiles", FILES));
