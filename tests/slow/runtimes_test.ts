/**
 * The tests of kernels, models and policies, golden numbers and a whole training step in Chromium and on Dawn in Node,
 * by software where they have no adapter; tests/chromium has a part of them.
 */
import { command } from "../../driver/command.ts";
import { findChromium } from "../support/chromium.ts";
import { runIn } from "../support/runtimes.ts";

/** Tests that compute on the counting device, in Deno's threads, or on a device that they lose by Deno's means. */
const OF_DENO = [
  "tests/gpu/counts_test.ts",
  "tests/gpu/compilers_test.ts",
  "tests/gpu/loss_test.ts",
];

async function filesOf(folder: string): Promise<ReadonlyArray<string>> {
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) =>
    `${folder}/${name}`
  );
  return names.filter((name) => name.endsWith("_test.ts") && !OF_DENO.includes(name)).sort();
}

const MODELS = [
  await filesOf("tests/model"),
  await filesOf("tests/policy"),
  ["tests/golden/models_test.ts", "tests/page/training_step.ts"],
];
/** Tests of kernels run each of them by every family that has one of its own. */
const PARTS = {
  tiles: [await filesOf("tests/shaders"), await filesOf("tests/gpu"), ...MODELS],
  loops: MODELS,
};

const NODE_24 = "process.exit(Number(process.versions.node.split('.')[0] < 24))";
const CAN_RUN = {
  chromium: await findChromium() !== null,
  dawn: await command("sh", { args: ["-c", `node -e "${NODE_24}"`], stderr: "null" }).output()
    .then(({ success }) => success),
};

for (const runtime of ["chromium", "dawn"] as const) {
  for (const family of ["tiles", "loops"] as const) {
    for (const files of PARTS[family]) {
      Deno.test({
        name: `${files[0]} and ${files.length - 1} more files by ${family} in ${runtime}`,
        ignore: !CAN_RUN[runtime],
        fn: (test) => runIn(runtime, test, family, files),
      });
    }
  }
}
