import assert from "node:assert/strict";
import { Effect } from "effect";
import { device, ENGINES } from "../support/engines.ts";
import { list } from "./golden_dir.ts";
import { checkIgpoStep } from "./igpo_step_cases.ts";
import { checkLora, readGoldenLora } from "./lora_cases.ts";
import { checkModel } from "./model_cases.ts";
import {
  cutRows,
  filesOf,
  goldenNamesIn,
  modelFolders,
  readBothConfigs,
  readGoldenModel,
  readJson,
} from "./model_folder.ts";
import { openSession } from "./model_session.ts";
import { checkSampling } from "./sampling_cases.ts";
import { goldenTest } from "./summary.ts";

/** Most tokens that a golden IGPO step or continuation adds to a row of its batch. */
const ROOM = 64;

for (const engine of ENGINES) {
  if (engine.name === "wgsl" && device === null) {
    Deno.test.ignore("golden models and sampling on wgsl", () => {});
    continue;
  }
  goldenTest(
    `sampling on ${engine.name}`,
    ["models/sampling.json"],
    (family) => Effect.runPromise(Effect.scoped(checkSampling(engine.fresh(), family))),
  );
  for (const folder of modelFolders()) {
    const files = filesOf(folder);
    const paths = files.filter((file) => file !== "lora").map((file) => `models/${folder}/${file}`);
    goldenTest(`model ${folder} on ${engine.name}`, paths, async (family) => {
      const model = await readGoldenModel(folder);
      const longest = Math.max(...model.sequences.map(({ tokens }) => tokens.length));
      const rows = model.sequences.length + list(model.golden["greedy"]).length;
      await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
        const session = yield* openSession(engine.fresh(), model, {
          contextTokens: Math.min(longest + ROOM, model.architecture.maxPositions),
          messageTokens: ROOM,
          rows,
        });
        yield* checkModel(session, model, family);
        if (!files.includes("igpo-step.json")) return;
        const step = readJson(folder, "igpo-step.json");
        yield* checkIgpoStep(session, { folder, step }, family);
      })));
    });
  }
}

for (const engine of ENGINES) {
  if (engine.name === "wgsl" && device === null) continue;
  for (const folder of modelFolders().filter((name) => filesOf(name).includes("lora"))) {
    const paths = goldenNamesIn(`${folder}/lora`).map((file) => `models/${folder}/lora/${file}`);
    goldenTest(`adapter of ${folder} on ${engine.name}`, paths, async (family) => {
      const { model, lora } = await readGoldenLora(await readGoldenModel(folder));
      const longest = Math.max(...model.sequences.map(({ tokens }) => tokens.length));
      await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
        const session = yield* openSession(engine.fresh(), model, {
          contextTokens: Math.min(longest + ROOM, model.architecture.maxPositions),
          messageTokens: ROOM,
          rows: model.sequences.length,
          lora,
        });
        yield* checkLora(session, model, lora, family);
      })));
    });
  }
}

Deno.test("golden models hold both styles of config.json for every offered family", () => {
  for (const folder of modelFolders()) readBothConfigs(folder, filesOf(folder));
});

Deno.test("golden rows are cut by their mask, padding on the left or on the right", () => {
  const ids = [[9, 1, 2, 3, 9]];
  const loss = [[0, 0, 1, 0, 0]];
  for (const attention of [[[0, 1, 1, 1, 0]], [[0, 1, 1, 1, 1]], [[1, 1, 1, 1, 0]]]) {
    const [row] = cutRows({ width: 5, ids, attention, loss });
    assert.equal(row!.tokens.length, attention[0]!.filter((a) => a === 1).length);
    assert.deepEqual(row!.place.filter((_, s) => row!.lossMask[s]), [2]);
  }
  assert.throws(() => cutRows({ width: 5, ids, attention: [[1, 0, 1, 1, 1]], loss }), /no gap/);
});
