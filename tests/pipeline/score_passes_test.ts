import { ok, strictEqual } from "node:assert/strict";
import { Effect, Stream } from "effect";
import { Environment } from "../../src/environment/environment.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import { questionSteps } from "../../src/pipeline/questions.ts";
import { rollout } from "../../src/pipeline/rollout.ts";
import { score } from "../../src/pipeline/score.ts";
import { layerLearner, planPolicy } from "../../src/run/layers.ts";
import { openMachine } from "../../src/run/machine.ts";
import { assertClose } from "../support/comparison.ts";
import { lenientProtocol, tinyModel, tinyRecipe, tinyTask } from "../support/tiny_run.ts";

/** The scored episodes of the first step of a real, untrained model. */
const scored = (passes: "one-pass" | "sequential") => {
  const protocol = lenientProtocol;
  const { questions, environment } = tinyTask.train;
  const { gain } = PRESETS["paper-v2"]!;
  return Effect.runPromise(
    Effect.gen(function* () {
      const machine = yield* openMachine("cpu");
      const source = { machine, model: tinyModel, config: { recipe: tinyRecipe } };
      const setup = yield* Effect.fromResult(planPolicy(source, "train"));
      const steps = questionSteps({ ...tinyRecipe, seed: 0, questions, from: 1, to: 1 }).pipe(
        rollout({ seed: 0, protocol, recipe: tinyRecipe, wave: 6 }),
        score({ protocol, gain, passes }),
        Stream.runCollect,
        Effect.provideService(Environment, environment),
        Effect.provide(layerLearner(setup, [])),
      );
      return (yield* steps)[0]!.groups.flat();
    }).pipe(Effect.scoped),
  );
};

Deno.test("one pass over all boundaries finds the beliefs that a pass for each finds", async () => {
  const [fast, slow] = [await scored("one-pass"), await scored("sequential")];
  strictEqual(fast.length, slow.length);
  ok(fast.some(({ belief }) => belief.length === 3));
  fast.forEach(({ belief, tokens }, i) => {
    assertClose(belief, slow[i]!.belief, { atol: 1e-9 });
    strictEqual(tokens.join(), slow[i]!.tokens.join());
  });
});
