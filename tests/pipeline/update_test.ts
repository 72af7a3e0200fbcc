import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Cause, Effect, Layer, Stream } from "effect";
import type { Preset } from "../../src/igpo/preset.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import { ReferencePolicy } from "../../src/pipeline/reference_policy.ts";
import { summarizeStep } from "../../src/pipeline/step_report.ts";
import { update } from "../../src/pipeline/update.ts";
import { fakePolicy } from "./fake_policy.ts";
import { finishedSteps, PRESET, RECIPE, runStages, searchThenAnswer } from "./stage_fixtures.ts";

Deno.test("the rollout of a step begins after the update of the step before", async () => {
  const { calls } = await finishedSteps({ recipe: { steps: 3 } });
  const changes = calls.events.filter((event, i) => event !== calls.events[i - 1]);
  deepStrictEqual(changes, [
    ...["generate for step 1", "update 1"],
    ...["generate for step 2", "update 2"],
    ...["generate for step 3", "update 3"],
  ]);
});

Deno.test("the learner gets each episode's tokens and sampled positions, none of the prompt", async () => {
  const { steps, calls } = await finishedSteps({ recipe: { steps: 1 } });
  deepStrictEqual(
    calls.trained.map(({ position }) => position),
    steps[0]!.batch.sequences.map(({ position }) => position),
  );
  steps[0]!.groups.flatMap((group) => group.episodes).forEach(({ promptBoundary, tokens }, i) => {
    ok(calls.trained[i]!.position.every((p) => p >= promptBoundary));
    deepStrictEqual(calls.trained[i]!.tokens, tokens);
  });
});

Deno.test("each step's updates are made with the rate of the schedule, and its report says it", async () => {
  const schedule = { schedule: "linear", warmupSteps: 2, minLrRatio: 0.5, lr: 8e-3 } as const;
  const { steps, calls } = await finishedSteps({ recipe: { ...schedule, steps: 4 } });
  deepStrictEqual(calls.learningRates, [4e-3, 8e-3, 8e-3, 6e-3]);
  const reported = steps.map((step) => summarizeStep(step, PRESET).learningRate);
  deepStrictEqual(reported, calls.learningRates);
});

Deno.test("a gradient that is not finite is skipped, named by op and turn, and the run goes on", async () => {
  const { steps: [plain] } = await finishedSteps({ recipe: { steps: 1 } });
  const { id, turns } = plain!.groups[0]!.episodes[2]!;
  const token = turns[0]!.boundary + 1;
  const { steps } = await finishedSteps({
    recipe: { steps: 2 },
    brokenAt: (call) => call === 0 ? { sequence: 2, token } : undefined,
  });
  deepStrictEqual(
    steps.map(({ skipped, updates }) => [skipped, updates]),
    [[`head_finish in turn 2 of episode ${id}`, 0], [null, 1]],
  );
});

Deno.test("skipped updates that are not in a row do not stop the run", async () => {
  const { steps } = await finishedSteps({
    recipe: { steps: 6 },
    brokenAt: (call) => call % 3 === 2 ? undefined : { sequence: 0, token: 0 },
  });
  strictEqual(steps.at(-1)!.updates, 2);
});

Deno.test("three updates in a row that are not finite stop the run with a reason", async () => {
  const { exit } = await runStages({
    recipe: { steps: 5 },
    brokenAt: () => ({ sequence: 0, token: 0 }),
  });
  ok(exit._tag === "Failure");
  match(
    String((Cause.squash(exit.cause) as Error).message),
    /^Cannot go on as 3 updates in a row were not finite: the last was head_finish in the prompt/,
  );
});

Deno.test("a loss that is not finite is skipped although the gradient is", async () => {
  const { steps } = await finishedSteps({ recipe: { steps: 1 }, trainerLogProb: () => NaN });
  match(steps[0]!.skipped!, /^loss in an unknown turn of episode /);
  strictEqual(steps[0]!.updates, 0);
});

Deno.test("episodes of older weights are refused", async () => {
  const { steps } = await finishedSteps({ recipe: { steps: 1 } });
  const { layer } = fakePolicy({ script: searchThenAnswer });
  const refusal = async (preset: Preset, policyVersion: number) => {
    const stale = { ...steps[0]!, batch: { ...steps[0]!.batch, policyVersion } };
    const error = await Effect.runPromise(
      Stream.make(stale).pipe(
        update({ preset, recipe: RECIPE, record: () => Effect.void }),
        Stream.runDrain,
        Effect.flip,
        Effect.provideService(ReferencePolicy, null),
        Effect.provide(layer),
      ),
    );
    return error.message;
  };
  strictEqual(
    await refusal(PRESET, 3),
    "Cannot train on episodes of another policy version as the update must be on-policy: " +
      "they are of 3, the weights of 0",
  );
  strictEqual(
    await refusal({ ...PRESET, staleness: { steps: 1, weightBound: 2 } }, -2),
    "Cannot train on episodes of another policy version as the updates between must be at most " +
      "1: they are of -2, the weights of 0",
  );
});

Deno.test("a KL term asks the reference policy, and is refused without one before anything is played", async () => {
  const preset = { ...PRESETS["paper-v2"]!, kl: { ...PRESET.kl, coefficient: 0.5 } };
  const { exit, calls } = await runStages({ preset });
  ok(exit._tag === "Failure");
  deepStrictEqual(calls.generated, []);
  match(String(Cause.squash(exit.cause)), /Cannot penalise the distance from a reference policy/);
  const { steps } = await finishedSteps({ recipe: { steps: 1 } });
  const { layer } = fakePolicy({ script: searchThenAnswer });
  const unasked = () => Effect.die("a KL term asks for no belief");
  const reference = Layer.succeed(ReferencePolicy, {
    beliefs: unasked,
    beliefsSequential: unasked,
    logProbs: (rows) =>
      Effect.succeed(rows.map(({ position }) => ({
        logProb: new Float64Array(position.length).fill(-1.5),
        entropy: new Float64Array(position.length),
      }))),
  });
  const [updated] = await Effect.runPromise(
    Stream.make(steps[0]!).pipe(
      update({ preset, recipe: RECIPE, record: () => Effect.void }),
      Stream.runCollect,
      Effect.provide(Layer.merge(layer, reference)),
    ),
  );
  const report = summarizeStep(updated!, preset);
  // k3 at d = -1 + 1.5: exp(-d) + d - 1
  const k3 = Math.exp(-0.5) + 0.5 - 1;
  ok(Math.abs(report.kl - k3) < 1e-12);
  ok(Math.abs(report.klLoss - 0.5 * k3) < 1e-12);
});

Deno.test("summarizeStep() tells the gap between sampler and trainer", async () => {
  const { steps } = await finishedSteps({ recipe: { steps: 1 }, trainerLogProb: () => -1.25 });
  strictEqual(summarizeStep(steps[0]!, PRESET).logProbGap, 0.25);
});

Deno.test("a sampler that is far off is not what the ratio is measured from", async () => {
  const cases = [
    [0.005, "own", "kept"],
    [0.25, "own", "replaced"],
    // A server or another adapter rounds otherwise: up to a larger gap, the ratio is measured from its log-probs.
    [0.15, "other", "kept"],
    [1.25, "other", "replaced"],
  ] as const;
  for (const [gap, sampler, replaced] of cases) {
    const { steps: [step] } = await finishedSteps({
      recipe: { steps: 1 },
      sampler,
      trainerLogProb: () => -1 - gap,
    });
    const report = summarizeStep(step!, PRESET);
    const isReplaced = replaced === "replaced";
    strictEqual(report.replacedLogProbs, isReplaced ? step!.batch.sequences.length : 0);
    // Without a gap the ratio is 1 and nothing is clipped; exp(-0.25) is below the lower end of 0.8.
    strictEqual(report.clipFraction, 0);
    const weight = step!.batch.sequences.flatMap((one) =>
      Array.from(one.weight, (w, p) => w * one.advantage[p]!)
    );
    const onPolicy = -weight.reduce((sum, x) => sum + x, 0);
    const want = onPolicy * (isReplaced ? 1 : Math.exp(-gap));
    ok(Math.abs(report.policyLoss - want) < 1e-9);
  }
});

Deno.test("summarizeStep() leaves no number out and none undefined or NaN", async () => {
  for (const name of ["paper-v2", "grpo", "a2tgpo", "official-2025-11"]) {
    const preset = { ...PRESETS[name]!, kl: PRESET.kl };
    const { steps } = await finishedSteps({ recipe: { steps: 1 }, preset });
    const report = summarizeStep(steps[0]!, preset);
    for (const [metric, value] of Object.entries(report)) {
      const values: ReadonlyArray<number> = Array.isArray(value) ? value : [value ?? 0];
      ok(values.every(Number.isFinite), `${name}: ${metric} is ${value}`);
    }
    strictEqual(report.gain === null, preset.gain.measure === "none");
  }
});
