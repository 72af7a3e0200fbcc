import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { HACKS } from "../../src/checks/hacks.ts";
import { trainAgainst } from "../../src/programs/train_against.ts";
import { checkReward } from "../../src/programs/check_reward.ts";
import { BadReward } from "../../src/domain/errors.ts";
import type { TrainedStep } from "../../src/domain/reward_check.ts";
import { inFolder, prepareTiny } from "../support/tiny_run.ts";
import { CLEAN, rewardOf } from "./planted_rewards.ts";

Deno.test("trainAgainst() trains on the reward and shows each step beside F1 and the marks", async () => {
  const printed: Array<string> = [];
  const steps = await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
    const print = (text: string) => Effect.sync(() => void printed.push(text));
    const { prepared, layers } = yield* prepareTiny({ folder: "unused", print });
    const { plan: { config: { recipe, seed }, preset }, ...rest } = prepared;
    const reward = rewardOf(({ answer }) => answer.length, "answer");
    return yield* trainAgainst(reward, { ...rest, recipe, seed, preset }).pipe(
      Effect.provide(layers),
    );
  })));
  deepStrictEqual(steps.map(({ step }) => step), [1, 2, 3, 4]);
  deepStrictEqual(
    Object.keys(steps[0]!.marks).toSorted(),
    HACKS.map(({ name }) => name).toSorted(),
  );
  // Lengths of answers are the outcomes, not F1, which is 0 for an untrained model.
  ok(steps.some(({ reward, f1 }) => reward > 1 && f1 === 0));
  ok(steps.every(({ answered, dropped }) => answered > 0 && answered <= 1 && dropped === 0));
  match(printed.at(-1)!, /^step 4\/4 {2}reward \d+\.\d\d {2}F1 0\.00 {2}answered \d+ %/);
});

/** Steps in which reward and F1 go from one value to another. */
const steps = (reward: readonly [number, number], f1: readonly [number, number]) =>
  [0, 0, 0, 0, 1, 1, 1, 1].map((late, i): TrainedStep => ({
    step: i + 1,
    answered: 1,
    dropped: 0,
    reward: reward[late]!,
    f1: f1[late]!,
    marks: { "early stop": late },
  }));

const checkTrained = (trained: ReadonlyArray<TrainedStep>) =>
  inFolder(async (folder) => {
    const printed: Array<string> = [];
    const ended = await Effect.runPromise(
      checkReward({
        reward: { ...CLEAN["exact match"]!, name: "mine" },
        bounds: [0, 1],
        cases: 2,
        seed: 0,
        intended: [],
        strict: false,
        json: `${folder}/report.json`,
        screen: {
          columns: 80,
          isTerminal: false,
          hasColor: false,
          print: (text) => Effect.sync(() => void printed.push(text)),
          showProgress: () => Effect.void,
          onProgress: () => {},
        },
      }, Effect.succeed(trained)).pipe(Effect.as(null), Effect.catch(Effect.succeed)),
    );
    const report = JSON.parse(await Deno.readTextFile(`${folder}/report.json`));
    return { ended, report, text: printed.join("\n") };
  });

Deno.test("checkReward() finds what training taught in place of right answers", async () => {
  const { ended, report, text } = await checkTrained(steps([0.2, 0.8], [0.5, 0.1]));
  ok(ended instanceof BadReward);
  deepStrictEqual(report.findings, [
    "training raised the reward and lowered F1",
    "training lowered F1 and taught early stop",
  ]);
  strictEqual(report.training.length, 8);
  match(text, /^reward +0\.20 +0\.80\nF1 +0\.50 +0\.10\nearly stop +0\.00 +1\.00$/m);
});

Deno.test("checkReward() finds nothing in training that raised F1 too", async () => {
  const { ended, report } = await checkTrained(steps([0.2, 0.8], [0.2, 0.8]));
  deepStrictEqual([ended, report.findings], [null, []]);
});
