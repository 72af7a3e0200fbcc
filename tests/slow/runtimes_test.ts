/**
 * The tests of kernels, models and policies, golden numbers and a whole training step in Chromium and on Dawn in Node;
 * tests/runtimes has those that take less time.
 */
import { findChromium } from "../support/chromium.ts";
import { filesOf, hasNode24, runIn } from "../support/runtimes.ts";

const MODELS = {
  "tests/model": await filesOf("tests/model"),
  "tests/policy": await filesOf("tests/policy"),
  "golden numbers and a training step": [
    "tests/golden/models_test.ts",
    "tests/page/training_step.ts",
  ],
};
/** Tests of kernels run each of them by every family that has one of its own. */
const PARTS = {
  tiles: {
    "tests/shaders": await filesOf("tests/shaders"),
    "tests/gpu": await filesOf("tests/gpu"),
    ...MODELS,
  },
  loops: MODELS,
};

const CAN_RUN = {
  chromium: await findChromium() !== null,
  dawn: await hasNode24(),
};

for (const runtime of ["chromium", "dawn"] as const) {
  for (const family of ["tiles", "loops"] as const) {
    for (const [name, files] of Object.entries(PARTS[family])) {
      Deno.test({
        name: `${name} by ${family} in ${runtime}`,
        ignore: !CAN_RUN[runtime],
        fn: (test) => runIn(runtime, test, family, files),
      });
    }
  }
}
