import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { compare } from "../src/compare.ts";
import { evaluate } from "../src/evaluate.ts";
import { PRESETS } from "../src/igpo/presets.ts";
import { inFolder, metricsOf, prepareTiny, trainTiny } from "./support/tiny_run.ts";

const presets = [PRESETS["paper-v2"]!, PRESETS["grpo"]!];

const compareTiny = (folder: string) =>
  Effect.runPromise(Effect.scoped(Effect.gen(function* () {
    const { prepared, layers } = yield* prepareTiny({ folder });
    return yield* compare({ ...prepared, presets, seeds: 2 }).pipe(Effect.provide(layers));
  })));

Deno.test("compare() runs every preset and seed as train() does by itself", () =>
  inFolder(async (folder) => {
    await compareTiny(folder);
    for (const preset of presets) {
      for (const seed of [0, 1]) {
        const alone = await inFolder(async (own) => {
          await Effect.runPromise(trainTiny({ folder: own, preset, seed }));
          return await metricsOf(own);
        });
        deepStrictEqual(await metricsOf(`${folder}/${preset.name}-seed${seed}`), alone);
      }
    }
  }));

Deno.test("compare() lets runs of one seed play the same first episodes", () =>
  inFolder(async (folder) => {
    await compareTiny(folder);
    const first = async (name: string) => {
      const lines = (await metricsOf(`${folder}/${name}`)).map((line) => JSON.parse(line));
      const { turns, outcome, generatedTokens, entropy } = lines.find(({ step }) => step === 1);
      return { turns, outcome, generatedTokens, entropy };
    };
    deepStrictEqual(await first("paper-v2-seed1"), await first("grpo-seed1"));
  }));

Deno.test("compare() leaves numbers, a table and a picture", () =>
  inFolder(async (folder) => {
    const runs = await compareTiny(folder);
    deepStrictEqual(
      runs.map(({ preset, seed }) => `${preset} ${seed}`),
      ["paper-v2 0", "grpo 0", "paper-v2 1", "grpo 1"],
    );
    deepStrictEqual(JSON.parse(await Deno.readTextFile(`${folder}/compare.json`)), runs);
    match(
      await Deno.readTextFile(`${folder}/compare.md`),
      /\| test F1 after +\| grpo +\| 2 +\| \d\.\d{3} ± \d\.\d{3} +\| [+-]\d\.\d{3} ± /,
    );
    match(await Deno.readTextFile(`${folder}/compare.svg`), /^<svg/);
  }));

Deno.test("evaluate() measures the test questions and writes every answer", () =>
  inFolder(async (folder) => {
    const report = await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      const { prepared, layers } = yield* prepareTiny({ folder });
      return yield* evaluate(prepared).pipe(Effect.provide(layers));
    })));
    strictEqual(report.count, 3);
    const answers = (await Deno.readTextFile(`${folder}/answers.jsonl`)).trimEnd().split("\n");
    strictEqual(answers.length, 3);
    const written = JSON.parse(await Deno.readTextFile(`${folder}/evaluation.json`));
    strictEqual(written.f1, report.f1);
  }));
