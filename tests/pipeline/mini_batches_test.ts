import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Effect, Layer, Result, Stream } from "effect";
import fc from "fast-check";
import type { TrainingSequence } from "../../src/domain/batch.ts";
import { tokenWeights } from "../../src/igpo/aggregation.ts";
import { oldLogProb } from "../../src/igpo/old_log_prob.ts";
import type { Aggregation } from "../../src/igpo/preset.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import { surrogate } from "../../src/igpo/surrogate.ts";
import { cutMiniBatches, cutShards } from "../../src/pipeline/mini_batches.ts";
import { summarizeStep } from "../../src/pipeline/step_report.ts";
import type { UpdatedStep } from "../../src/pipeline/steps.ts";
import { update } from "../../src/pipeline/update.ts";
import type { ReferencePolicy } from "../../src/pipeline/reference_policy.ts";
import { Learner, Policy } from "../../src/policy/policy.ts";
import { layerLearner, planPolicy } from "../../src/run/layers.ts";
import { openMachine } from "../../src/run/machine.ts";
import { assertClose } from "../support/comparison.ts";
import { tinyModel, tinyRecipe } from "../support/tiny_run.ts";
import { answer, search } from "./fake_policy.ts";
import { finishedSteps, PRESET } from "./stage_fixtures.ts";

const NOISE = { atol: 1e-12 };
const TWICE = { ppoEpochs: 2, miniBatches: 2, steps: 1 };

Deno.test("cutMiniBatches() cuts between groups, as evenly as they allow", () => {
  const cut = (count: number) =>
    cutMiniBatches([3, 2, 3, 4, 2], count).map(({ start, end }) => [start, end]);
  deepStrictEqual(cut(1), [[0, 14]]);
  deepStrictEqual(cut(2), [[0, 5], [5, 14]]);
  deepStrictEqual(cut(5), [[0, 3], [3, 5], [5, 8], [8, 12], [12, 14]]);
  deepStrictEqual(cut(7), cut(5));
  deepStrictEqual(cutMiniBatches([], 2), []);
});

Deno.test("law: mini-batches hold every sequence once, in order, and numbers of groups that differ by 1 at most", () => {
  const sizes = fc.array(fc.integer({ min: 2, max: 5 }), { minLength: 1, maxLength: 12 });
  fc.assert(fc.property(sizes, fc.integer({ min: 1, max: 14 }), (groupSizes, count) => {
    const cuts = cutMiniBatches(groupSizes, count);
    strictEqual(cuts.length, Math.min(count, groupSizes.length));
    const ends = groupSizes.map((_, i) => groupSizes.slice(0, i + 1).reduce((a, b) => a + b, 0));
    let before = 0;
    const groups = cuts.map(({ start, end }) => {
      strictEqual(start, before);
      before = end;
      return ends.filter((at) => start < at && at <= end).length;
    });
    strictEqual(before, ends.at(-1));
    ok(Math.max(...groups) - Math.min(...groups) <= 1);
  }));
});

Deno.test("law: the shards of mini-batches hold every sequence once, in order, in whole groups", () => {
  const sizes = fc.array(fc.integer({ min: 2, max: 5 }), { minLength: 1, maxLength: 12 });
  const count = fc.integer({ min: 1, max: 6 });
  fc.assert(fc.property(sizes, count, count, (groupSizes, updates, most) => {
    const ends = groupSizes.map((_, i) => groupSizes.slice(0, i + 1).reduce((a, b) => a + b, 0));
    let before = 0;
    for (const miniBatch of cutMiniBatches(groupSizes, updates)) {
      const groups = ends.filter((at) => miniBatch.start < at && at <= miniBatch.end).length;
      const shards = cutShards(groupSizes, miniBatch, most);
      strictEqual(shards.length, Math.min(most, groups));
      for (const { start, end } of shards) {
        strictEqual(start, before);
        ok(ends.includes(end));
        before = end;
      }
      strictEqual(before, miniBatch.end);
    }
    strictEqual(before, ends.at(-1));
  }));
});

const AGGREGATIONS: ReadonlyArray<Aggregation> = [
  ...["token-mean", "seq-mean-token-mean", "seq-mean-token-sum"] as const,
  "seq-mean-token-sum-norm",
];

for (const aggregation of AGGREGATIONS) {
  Deno.test(`weights of ${aggregation} are shares of the mini-batch, decided once`, async () => {
    const preset = { ...PRESET, aggregation };
    const recipe = { ...TWICE, contextTokens: 512 };
    const { steps: [step] } = await finishedSteps({ recipe, preset });
    const { sequences, miniBatches } = step!.batch;
    deepStrictEqual(miniBatches, [{ start: 0, end: 3 }, { start: 3, end: 6 }]);
    for (const { start, end } of miniBatches) {
      const own = sequences.slice(start, end);
      const lengths = own.map(({ position }) => position.length);
      const want = tokenWeights(lengths, aggregation, { length: 512 });
      own.forEach(({ weight }, i) => ok(weight.every((w) => w === want[i])));
    }
    const { steps: [whole] } = await finishedSteps({ recipe: { steps: 1 }, preset });
    const advantages = (of: UpdatedStep) => of.batch.sequences.map(({ advantage }) => advantage);
    deepStrictEqual(advantages(step!), advantages(whole!));
  });
}

Deno.test("updates go through the mini-batches in order, epoch after epoch", async () => {
  const { steps: [step], calls } = await finishedSteps({ recipe: TWICE });
  const { sequences } = step!.batch;
  const order = calls.trained.map(({ tokens }) =>
    sequences.findIndex((one) => one.tokens === tokens)
  );
  deepStrictEqual(order, [...[0, 1, 2], ...[3, 4, 5], ...[0, 1, 2], ...[3, 4, 5]]);
  strictEqual(step!.updates, 4);
});

/** The surrogate of every token, sequence by sequence, at one ratio: eq. 7 with the clip range 0.8 to 1.2. */
function lossAt(ratio: number, sequences: ReadonlyArray<TrainingSequence>) {
  const tokens = sequences.flatMap(({ advantage, weight, turn }) =>
    Array.from(advantage, (a, p) => ({ a, weight: weight[p]!, turn: turn[p]! }))
  );
  const clipped = Math.min(1.2, Math.max(0.8, ratio));
  return {
    loss: tokens.reduce((sum, { a, weight }) => sum - weight * Math.min(a * ratio, a * clipped), 0),
    cut: tokens.filter(({ a }) => a * clipped < a * ratio),
    tokens,
  };
}

Deno.test("from the second update on the ratio is measured from before the first, and its metrics say so", async () => {
  // Sampler and trainer agree, so the sampler's log-prob, -1, is the old one. The policy moves by 0.15 nats an update.
  const { steps: [step] } = await finishedSteps({
    recipe: TWICE,
    trainerLogProb: (version) => -1 - 0.15 * version,
    // The first question is answered at once, so that the two mini-batches differ in their turns.
    script: ({ question, sample, turn }) =>
      question === "q/1" && turn < sample
        ? search("Dildek")
        : answer(sample === 1 ? " Kendek Sel" : ""),
  });
  const { sequences, miniBatches } = step!.batch;
  const [first, second] = miniBatches.map(({ start, end }) => sequences.slice(start, end));
  const want = [first!, second!, first!, second!].map((own, u) => lossAt(Math.exp(-0.15 * u), own));
  const report = summarizeStep(step!, PRESET);
  ok(want[2]!.cut.length > 0 && want[1]!.cut.length === 0, "the third is clipped, the second not");
  const mean = want.reduce((sum, { loss }) => sum + loss, 0) / 4;
  assertClose([report.policyLoss, report.loss], [mean, mean], NOISE);
  const [cut, tokens] = [want.flatMap((one) => one.cut), want.flatMap((one) => one.tokens)];
  assertClose([report.clipFraction], [cut.length / tokens.length], NOISE);
  const inTurn = (of: typeof cut, at: number) => of.filter(({ turn }) => turn === at).length;
  const byTurn = report.clipFractionByTurn.map((_, at) => inTurn(cut, at) / inTurn(tokens, at));
  assertClose(report.clipFractionByTurn, byTurn, NOISE);
  ok(new Set(byTurn).size > 1, "turns differ");
  const moved = want.reduce((sum, one, u) => sum + 0.15 * u * one.tokens.length, 0);
  assertClose([report.ppoKl], [moved / tokens.length], NOISE);
  strictEqual(report.logProbGap, 0);
});

Deno.test("where the sampler is off, every mini-batch is measured by the trainer before the first update", async () => {
  const { steps: [step] } = await finishedSteps({
    recipe: TWICE,
    trainerLogProb: (version) => -1.25 - 0.1 * version,
  });
  step!.applied.forEach(({ results }, u) => {
    for (const { ratio } of results) {
      assertClose(ratio, ratio.map(() => Math.exp(-0.1 * u)), NOISE, `update ${u}`);
    }
  });
  const report = summarizeStep(step!, PRESET);
  deepStrictEqual([report.logProbGap, report.replacedLogProbs], [0.25, 6]);
});

Deno.test("an update that is not finite ends those of its step, and its place is one of the batch", async () => {
  const { steps: [step] } = await finishedSteps({
    recipe: TWICE,
    brokenAt: (call) => call === 1 ? { sequence: 2, token: 0 } : undefined,
  });
  const { id } = step!.groups[1]!.episodes[2]!;
  const { skipped, updates, applied } = step!;
  deepStrictEqual([skipped, updates], [`head_finish in the prompt of episode ${id}`, 1]);
  deepStrictEqual(applied.map(({ miniBatch }) => miniBatch), [{ start: 0, end: 3 }]);
  const report = summarizeStep(step!, PRESET);
  deepStrictEqual([report.skipped, report.gradientNorm], [1, 1]);
});

Deno.test("update() leaves the weights of a plain loop over mini-batches with log-probs kept from before", async () => {
  const { steps: [step] } = await finishedSteps({ recipe: TWICE });
  const recipe = { ...tinyRecipe, ...TWICE, contextTokens: 256, lr: 0.02 };
  const machine = await Effect.runPromise(Effect.scoped(openMachine("cpu")));
  const source = { machine, model: tinyModel, config: { recipe } };
  const setup = Result.getOrThrow(planPolicy(source, "train"));
  const preset = { ...PRESETS["official-2026-02"]!, kl: PRESET.kl };
  const weightsAfter = (
    train: Effect.Effect<unknown, unknown, Policy | Learner | ReferencePolicy>,
  ) =>
    Effect.runPromise(
      train.pipe(
        Effect.andThen(Learner),
        Effect.flatMap((learner) => learner.save()),
        Effect.provide(Layer.fresh(layerLearner(setup, [preset]))),
      ),
    );
  const { sequences } = step!.batch;
  let lowest = 1;
  const want = await weightsAfter(Effect.gen(function* () {
    const [policy, learner] = [yield* Policy, yield* Learner];
    const before = yield* policy.logProbs(sequences, 1);
    const old = sequences.map(({ behaviourLogProb }, i) =>
      oldLogProb(behaviourLogProb, before[i]!.logProb, "own")
    );
    for (const start of [0, 3, 0, 3]) {
      yield* learner.gradient(sequences.slice(start, start + 3), 1, (i, evaluation) => {
        const behaviourLogProb = old[start + i]!;
        const tokens = { ...sequences[start + i]!, behaviourLogProb, importanceWeight: null };
        const result = surrogate(tokens, evaluation, preset);
        lowest = Math.min(lowest, ...result.ratio);
        return result;
      });
      yield* learner.update({ learningRate: 0.02, clipNorm: 1 });
    }
  }));
  const options = { preset, recipe, record: () => Effect.void };
  const got = await weightsAfter(Stream.make(step!).pipe(update(options), Stream.runDrain));
  strictEqual(got.updates, 4);
  ok(lowest < 0.8, "the policy moved beyond the clip range");
  deepStrictEqual(got, want);
});
