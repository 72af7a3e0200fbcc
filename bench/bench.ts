// deno-lint-ignore-file no-console
/**
 * `./igpo bench [--json FILE] [--only TEXT]`: times kernels and stages beside other runtimes on the same machine, in
 * the same run. A row whose rival is not installed is skipped with a line.
 */
import { parseArgs } from "node:util";
import { openComparisons } from "./comparison.ts";
import { agree, median, middle, timed } from "./measure.ts";
import * as ours from "./ours.ts";
import * as stages from "./our_stages.ts";
import { openPyTorch } from "./rival.ts";

const flags = readFlags();

function readFlags() {
  try {
    const options = { json: { type: "string" }, only: { type: "string", default: "" } } as const;
    return parseArgs({ options }).values;
  } catch (error) {
    console.error(`Cannot run the bench: ${(error as Error).message}; it takes --json and --only`);
    Deno.exit(2);
  }
}

const MODEL = [4, 128, 4, 2, 384, 512];
const TOKENS = 4096;
/** Matrix products of a training step, forward and with respect to their inputs: rows, inner, features. */
const PRODUCTS = [[TOKENS, 128, 128], [TOKENS, 128, 384], [TOKENS, 384, 128]];

const device = await ours.openBenchDevice();
const comparisons = openComparisons(device, flags.only);
const { against, within, record } = comparisons;

const WEBGPU = ["jax_js", "tfjs", "ort"];
const ONE_THREAD = { against: "PyTorch, 1 thread", rivals: ["PyTorch 1"] };
const PYTORCH = { against: "PyTorch, better of 1, 2", rivals: ["PyTorch 1", "PyTorch 2"] };

for (
  const [side, goal] of [
    [{ against: "best of WebGPU", rivals: WEBGPU }, { floor: 5, aim: 10 }],
    [ONE_THREAD, { floor: 0.25, aim: 0.5 }],
  ] as const
) {
  await against({
    work: "matmul of a training step, forward and dX",
    asked: "matmul",
    shapes: PRODUCTS,
    prepare: ours.matmul,
    ...side,
    goal,
  });
}
await against({
  work: "matmul of a training step, dW",
  asked: "weight_gradient",
  shapes: PRODUCTS.map(([t, k, n]) => [t!, n!, k!]),
  prepare: ours.weightGradient,
  ...ONE_THREAD,
  goal: { floor: 0.18, aim: 0.4 },
});
for (const vocabulary of [512, 8192]) {
  const shapes = [[TOKENS, vocabulary, 128]];
  await against({
    work: `head + log-prob + entropy, V ${vocabulary}, forward`,
    asked: "head",
    shapes,
    prepare: ours.head,
    ...PYTORCH,
    goal: { floor: 0.7, aim: 1.3 },
  });
  await against({
    work: `head, V ${vocabulary}, backward`,
    asked: "head_backward",
    shapes,
    prepare: ours.headGradient,
    ...PYTORCH,
    goal: { floor: 0.4, aim: 1 },
  });
}
for (
  const [length, goal] of [[256, { floor: 0.7, aim: 1.3 }], [1024, { floor: 2, aim: 5 }]] as const
) {
  await against({
    work: `attention, T ${length}, forward`,
    asked: "attention",
    shapes: [[64, length, 32]],
    prepare: ours.attentionForward,
    ...PYTORCH,
    goal,
  });
}
for (
  const [side, goal] of [
    [{ against: "jax-js WebGPU", rivals: ["jax_js"] }, { floor: 6, aim: 15 }],
    [PYTORCH, { floor: 0.35, aim: 1 }],
  ] as const
) {
  await against({
    work: "training step, 16 x 256 tokens",
    asked: "step",
    shapes: [[16, 256, ...MODEL]],
    prepare: stages.step,
    ...side,
    goal,
    sameValues: false,
  });
}
for (
  const [side, goal] of [
    [{ against: "ORT-web WebGPU", rivals: ["ort"] }, { floor: 30, aim: 100 }],
    [PYTORCH, { floor: 0.6, aim: 2 }],
  ] as const
) {
  await against({
    work: "rollout decode, batch 16, sampling included",
    asked: "decode",
    shapes: [[16, 160, ...MODEL]],
    prepare: stages.decode,
    ...side,
    goal,
    sameValues: false,
    theirRuns: stages.DECODED,
  });
}

const TRAJECTORIES = [8, 10, 160, 12, ...MODEL];
await within({
  work: "scoring, 10 turns",
  against: "a forward each",
  goal: { floor: 3, aim: 20, better: "higher" },
  measure: async () => {
    const beliefs = await stages.beliefs(device, TRAJECTORIES);
    const [one, many] = await beliefs.values();
    if (!agree([one!], [many!])) throw new Error(`Beliefs differ: ${one} and ${many}`);
    return { ours: timed(beliefs.onePass), theirs: timed(beliefs.sequential) };
  },
});
await within({
  work: "scoring when turns double",
  against: "10 turns",
  goal: { floor: 2.6, aim: 2.1, better: "lower" },
  measure: async () => {
    const ten = await stages.beliefs(device, TRAJECTORIES);
    const twenty = await stages.beliefs(device, [8, 20, 160, 12, ...MODEL]);
    return { ours: timed(ten.onePass), theirs: timed(twenty.onePass) };
  },
});
await within({
  work: "update when length doubles at equal tokens",
  against: "16 x 256 tokens",
  goal: { floor: 1.5, aim: 1.2, better: "lower" },
  measure: async () => {
    const short = await stages.step(device, [16, 256, ...MODEL]);
    const long = await stages.step(device, [8, 512, ...MODEL]);
    return { ours: timed(short.run), theirs: timed(long.run) };
  },
});

await within({
  work: "prompt of 512 tokens when the group grows to 16",
  against: "a group of 1",
  goal: { floor: 2, aim: 1.1, better: "lower" },
  measure: async () => {
    const [one, many] = [
      await stages.group(device, 1, MODEL),
      await stages.group(device, 16, MODEL),
    ];
    return { ours: timed(one), theirs: timed(many) };
  },
});

/** What a process of its own prints as its last line, a JSON record. */
async function child(args: ReadonlyArray<string>, env: Record<string, string> = {}) {
  const { stdout, success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", ...args],
    env,
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").at(-1)!);
}

const FIRST_STEP = new URL("first_step.ts", import.meta.url).pathname;
const STEP = [16, 256, ...MODEL];

if ("first training step".includes(flags.only)) {
  const seconds = async (env: Record<string, string>) =>
    (await child([FIRST_STEP, ...STEP.map(String)], env)).firstMilliseconds / 1000;
  const cold = await middle(3, () => seconds({ MESA_SHADER_CACHE_DISABLE: "true" }));
  await seconds({});
  const warm = await middle(5, () => seconds({}));
  const work = "first training step, seconds";
  record({ work, against: "cold shader cache", ratio: cold, floor: 25, aim: 6 }, "", "lower");
  record({ work, against: "warm shader cache", ratio: warm, floor: 4, aim: 1 }, "", "lower");
}

if ("memory of a training step".includes(flags.only)) {
  const other = await openPyTorch(1);
  const answer = await other?.ask({ work: "step", shape: STEP, repeat: 0 });
  await other?.close();
  if (answer?.values === undefined) console.log("memory of a training step: skipped, no PyTorch");
  else {
    // Compiling is done once for a machine and takes memory of its own: a first process fills the cache.
    await child([FIRST_STEP, ...STEP.map(String)]);
    const { peak } = await child([FIRST_STEP, ...STEP.map(String)]);
    const theirs = answer.values[1]!;
    const detail = `${(peak / 1e6).toFixed(0)} MB, theirs ${(theirs / 1e6).toFixed(0)} MB`;
    const row = {
      work: "memory of a training step",
      against: "PyTorch, peak",
      floor: 0.6,
      aim: 0.2,
    };
    record({ ...row, ratio: peak / theirs }, detail, "lower");
  }
}

/** Mean seconds of the stages of a short run of the embedded world, its first step left out. */
async function shortRun(preset: string, seed: number) {
  const folder = await Deno.makeTempDir();
  const recipe = {
    name: "bench",
    steps: 10,
    validationQuestions: 0,
    testQuestions: 1,
    evaluateEvery: 0,
  };
  await Deno.writeTextFile(`${folder}/recipe.json`, JSON.stringify(recipe));
  const cli = new URL("../src/cli/cli.ts", import.meta.url).pathname;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--allow-all", cli, "train", "--recipe", `${folder}/recipe.json`],
      ...["--out", `${folder}/run`, "--preset", preset, "--seed", String(seed)],
    ],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const lines = (await Deno.readTextFile(`${folder}/run/metrics.jsonl`)).trim().split("\n");
  const steps = lines.map((line) => JSON.parse(line)).filter(({ type }) => type === "step").slice(
    1,
  );
  await Deno.remove(folder, { recursive: true });
  const sum = (field: string) => steps.reduce((total, step) => total + step[field], 0);
  return { share: sum("scoreSeconds") / sum("rolloutSeconds"), seconds: sum("seconds") };
}

if ("default run".includes(flags.only)) {
  const shares: number[] = [];
  const ratios: number[] = [];
  for (let seed = 0; seed < 3; seed++) {
    const [gains, outcome] = [await shortRun("paper-v2", seed), await shortRun("grpo", seed)];
    shares.push(gains.share);
    ratios.push(gains.seconds / outcome.seconds);
  }
  const scoring = { work: "default run: scoring", against: "rollout", floor: 0.15, aim: 0.02 };
  record({ ...scoring, ratio: median(shares) }, "", "lower");
  const step = { work: "default run: paper-v2 step", against: "grpo step", floor: 1.25, aim: 1.1 };
  record({ ...step, ratio: median(ratios) }, "", "lower");
}

await comparisons[Symbol.asyncDispose]();
if (flags.json !== undefined) {
  await Deno.writeTextFile(flags.json, `${JSON.stringify(comparisons.rows, null, 2)}\n`);
}
Deno.exit(0);
