import { deepStrictEqual, match, notDeepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Effect, Result } from "effect";
import { exportModel } from "../src/programs/export.ts";
import type { Screen } from "../src/files/screen.ts";
import { PROJECTIONS } from "../src/domain/recipe.ts";
import { writeSafetensors } from "../src/files/safetensors.ts";
import { readSafetensors } from "./support/read_safetensors.ts";
import { toFloat32 } from "../src/files/tensor_types.ts";
import { loadCheckpoint } from "../src/pipeline/checkpoint.ts";
import { readPeftConfig } from "../src/model/peft.ts";
import { readAdapterFolder, withAdapters } from "../src/pipeline/adapter_folder.ts";
import { type ModelFolder, readModelFolder } from "../src/pipeline/model_folder.ts";
import { makePolicy } from "../src/policy/make_policy.ts";
import { createRuntime } from "../src/policy/runtime.ts";
import { createInterpreter } from "../src/reference/interpreter.ts";
import { assertClose } from "./support/comparison.ts";
import { inFolder, metricsOf, tinyModel, type TinyRun, trainTiny } from "./support/tiny_run.ts";

const SIZES = { rank: 4, alpha: 8, rankStabilized: false, targets: [...PROJECTIONS] };
const run = (options: TinyRun) =>
  Effect.runPromise(trainTiny({ ...options, recipe: { lora: SIZES, ...options.recipe } }));

const screen: Screen = {
  columns: 80,
  isTerminal: false,
  hasColor: false,
  print: () => Effect.void,
  showProgress: () => Effect.void,
  onProgress: () => {},
};

const names = (path: string) => [...Deno.readDirSync(path)].map(({ name }) => name).sort();

const adapted = (adapter: string) =>
  Effect.runPromise(withAdapters(tinyModel, { adapter, recipe: { lora: null }, seed: 0 }));

/** Greedy answers of a model to a few contexts, and the log-probs of a fixed continuation. */
const answersOf = (model: ModelFolder) =>
  Effect.runPromise(Effect.scoped(Effect.gen(function* () {
    const capacity = { rows: 4, contextTokens: 40, passTokens: 160, messageTokens: 12 };
    const runtime = yield* createRuntime(createInterpreter(), model, capacity);
    const policy = makePolicy(runtime);
    const contexts = [1, 2, 3].map((i) =>
      Uint32Array.from({ length: 9 }, (_, j) => (i * 97 + j * 31) % 640)
    );
    const generated = yield* policy.generate(
      contexts.map((tokens, i) => ({
        sequence: `${i}`,
        tokens,
        key: [0, i] as const,
        maxTokens: 12,
      })),
      { sampling: { temperature: 0, topK: 0, topP: 1, minP: 0 }, stopIds: [] },
    );
    const evaluated = yield* policy.logProbs(
      contexts.map((tokens) => ({ tokens, position: Uint32Array.of(3, 5, 8) })),
      1,
    );
    return {
      tokens: generated.map(({ tokens }) => [...tokens]),
      logProbs: evaluated.flatMap(({ logProb }) => [...logProb]),
    };
  })));

Deno.test("a run with adapters keeps them alone, in PEFT's layout, and begins as its base", () =>
  inFolder(async (folder) => {
    await run({ folder });
    deepStrictEqual(names(`${folder}/checkpoints/step-4`), [
      ...[
        "adapter_config.json",
        "adapter_model.safetensors",
        "optimizer.safetensors",
        "state.json",
      ],
    ]);
    const text = await Deno.readTextFile(`${folder}/checkpoints/step-4/adapter_config.json`);
    const lora = Result.getOrThrow(readPeftConfig(JSON.parse(text)));
    deepStrictEqual({ ...lora, targets: [...lora.targets] }, SIZES);
    const lines = (await metricsOf(folder)).map((line) => JSON.parse(line));
    const steps = lines.filter(({ type }) => type === "step");
    // The reference policy is the base, so the KL is 0 before the first update and larger later.
    strictEqual(steps[0]!.kl, 0);
    ok(steps.slice(1).some(({ kl, gradientNorm }) => kl > 0 && gradientNorm > 0));
    ok(steps.every(({ logProbGap }) => logProbGap < 1e-5));
  }));

Deno.test("a run with adapters that is stopped goes on as an unbroken one", () =>
  inFolder(async (folder) => {
    for (const name of ["whole", "cut"]) await Deno.mkdir(`${folder}/${name}`);
    await run({ folder: `${folder}/whole` });
    await run({ folder: `${folder}/cut`, recipe: { steps: 2 } });
    await run({ folder: `${folder}/cut`, isResumed: true });
    const [whole, cut] = [await metricsOf(`${folder}/whole`), await metricsOf(`${folder}/cut`)];
    const steps = (lines: ReadonlyArray<string>) =>
      lines.filter((line) => line.includes('"type":"step"'));
    strictEqual(steps(whole).length, 4);
    deepStrictEqual(steps(cut), steps(whole));
  }));

Deno.test("trained adapters answer alike from their checkpoint, exported, read again and merged", () =>
  inFolder(async (folder) => {
    await run({ folder });
    const checkpoint = await adapted(`${folder}/checkpoints/step-4`);
    const want = await answersOf(checkpoint);
    notDeepStrictEqual(want.logProbs, (await answersOf(tinyModel)).logProbs);
    const options = { base: "a base", screen };
    const write = (out: string, { merge }: { readonly merge: boolean }) =>
      Effect.runPromise(exportModel(checkpoint, { ...options, merge, out }));
    await write(`${folder}/adapter`, { merge: false });
    deepStrictEqual(await answersOf(await adapted(`${folder}/adapter`)), want);
    await write(`${folder}/merged`, { merge: true });
    const merged = await Effect.runPromise(readModelFolder(`${folder}/merged`));
    const got = await answersOf(merged);
    deepStrictEqual(got.tokens, want.tokens);
    // W + s B A is rounded to f32 once.
    assertClose(got.logProbs, want.logProbs, { atol: 1e-5 });
    const config = { ...merged.config as object, torch_dtype: "constructor" };
    const odd = exportModel({ ...checkpoint, config }, {
      ...options,
      merge: true,
      out: `${folder}/odd`,
    });
    await Effect.runPromise(odd);
    deepStrictEqual(
      await Deno.readFile(`${folder}/odd/model.safetensors`),
      await Deno.readFile(`${folder}/merged/model.safetensors`),
    );
    const again = await write(`${folder}/merged`, { merge: true }).catch(String);
    match(String(again), /must be a new folder: it is there already/);
  }));

Deno.test("adapters of another model, with names of their own or of other sizes are refused", () =>
  inFolder(async (folder) => {
    await run({ folder, recipe: { steps: 1 } });
    const path = `${folder}/checkpoints/step-1`;
    const read = (architecture: ModelFolder["architecture"]) =>
      Effect.runPromise(readAdapterFolder(path, architecture)).then(() => "", String);
    const wider = { ...tinyModel.architecture, feedForward: 20 };
    match(await read(wider), /gate_proj.lora_B.weight" must have shape \[20,4\]: it has \[16,4\]/);
    const deeper = { ...tinyModel.architecture, layers: 2 };
    match(await read(deeper), /layers.1.self_attn.q_proj.lora_A.weight" .* there is none/);
    const config = JSON.parse(await Deno.readTextFile(`${path}/adapter_config.json`));
    const fewer = { ...config, target_modules: ["q_proj"] };
    await Deno.writeTextFile(`${path}/adapter_config.json`, JSON.stringify(fewer));
    match(await read(tinyModel.architecture), /must explain every tensor: ".*k_proj.* is extra/);
    await Deno.writeTextFile(`${path}/adapter_config.json`, JSON.stringify(config));
    const other = { adapter: path, recipe: { lora: { ...SIZES, rank: 8 } }, seed: 0 };
    const refusal = await Effect.runPromise(Effect.flip(withAdapters(tinyModel, other)));
    match(refusal.message, /the recipe's lora must be null or the adapter's own/);
  }));

Deno.test("adapters and moments that are not finite, or moments v below 0, are refused before anything is trained", () =>
  inFolder(async (folder) => {
    await run({ folder, recipe: { steps: 1 } });
    const path = `${folder}/checkpoints/step-1`;
    const poisoned = async (file: string, prefix: string, value: number) => {
      const name = `${path}/${file}`;
      const bytes = await Deno.readFile(name);
      const tensors = await Effect.runPromise(readSafetensors(name));
      const changed = [...tensors.values()].map((tensor) => {
        const values = Result.getOrThrow(toFloat32(tensor)).slice();
        if (tensor.name.startsWith(prefix)) values[1] = value;
        return { name: tensor.name, shape: tensor.shape, values };
      });
      await Effect.runPromise(writeSafetensors(`${name}.bad`, changed));
      await Deno.rename(`${name}.bad`, name);
      const model = { ...tinyModel, lora: { ...SIZES, targets: new Set(SIZES.targets) } };
      const refusal = await Effect.runPromise(Effect.flip(loadCheckpoint(path, model)));
      await Deno.writeFile(name, bytes);
      return refusal.message;
    };
    match(
      await poisoned("adapter_model.safetensors", "base", NaN),
      /must be finite: number 1 is NaN/,
    );
    match(await poisoned("optimizer.safetensors", "m ", Infinity), /number 1 is Infinity/);
    match(await poisoned("optimizer.safetensors", "v ", -1), /not negative: number 1 is -1/);
  }));
