import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Effect, Stream } from "effect";
import type { Preset } from "../../src/igpo/preset.ts";
import { withNext } from "../../src/pipeline/play_ahead.ts";
import { summarizeStep } from "../../src/pipeline/step_report.ts";
import { assertClose } from "../support/comparison.ts";
import { finishedSteps, PRESET } from "./stage_fixtures.ts";

const STALE: Preset = { ...PRESET, staleness: { steps: 1, weightBound: 1.2 } };

Deno.test("a stale step is played before the updates of the step before, and nothing beyond the last", async () => {
  const { steps, calls } = await finishedSteps({ preset: STALE, recipe: { steps: 4 } });
  deepStrictEqual(calls.events.filter((event, i) => event !== calls.events[i - 1]), [
    ...["generate for step 1", "generate for step 2", "update 1"],
    ...["generate for step 3", "update 2", "generate for step 4", "update 3", "update 4"],
  ]);
  deepStrictEqual(steps.map(({ step, staleness }) => [step, staleness]), [
    ...[[1, 0], [2, 1], [3, 1], [4, 1]],
  ]);
});

Deno.test("messages and beliefs of an episode are of one version, the one that played it", async () => {
  const { steps, calls } = await finishedSteps({ preset: STALE, recipe: { steps: 4 } });
  const versions = [0, 0, 1, 2];
  for (const { step, policyVersion, groups } of steps) {
    strictEqual(policyVersion, versions[step - 1]);
    for (const { id, turns, belief } of groups.flatMap(({ episodes }) => episodes)) {
      const asked = calls.versions.get(id)!;
      deepStrictEqual(asked, asked.map(() => policyVersion), id);
      ok(asked.length > turns.length || belief.length === 1, `beliefs of ${id} were asked for`);
    }
  }
});

Deno.test("a stale token weighs its probability before the updates over that when it was sampled, at most the bound", async () => {
  // The sampler says -1. Each update moves the trainer: to -0.9 before the second step's, to -0.7 before the third's.
  const trained = [-1, -0.9, -0.7, -0.7];
  const { steps } = await finishedSteps({
    preset: STALE,
    recipe: { steps: 3 },
    trainerLogProb: (version) => trained[version]!,
  });
  const reports = steps.map((step) => summarizeStep(step, STALE));
  const weights = [1, Math.exp(0.1), 1.2];
  const near = { atol: 1e-12 };
  assertClose(reports.map(({ importanceWeight }) => importanceWeight), weights, near);
  assertClose(reports.map((report) => report.largestImportanceWeight), weights, near);
  deepStrictEqual(reports.map(({ truncatedWeights }) => truncatedWeights), [0, 0, 1]);
  const kl = [0, 0.1, 0.3].map((d) => Math.exp(d) - 1 - d);
  assertClose(reports.map(({ behaviourKl }) => behaviourKl), kl, near);
  const losses = steps.map(({ batch }, i) =>
    batch.sequences.reduce(
      (sum, { advantage, weight }) =>
        advantage.reduce((part, a, p) => part - weights[i]! * a * weight[p]!, sum),
      0,
    )
  );
  assertClose(reports.map(({ policyLoss }) => policyLoss), losses, near);
  ok(losses.every((loss) => Math.abs(loss) > 1e-3));
});

Deno.test("a step after one whose update was skipped is not stale, and has no weights", async () => {
  const { steps } = await finishedSteps({
    preset: STALE,
    recipe: { steps: 3 },
    brokenAt: (call) => call === 0 ? { sequence: 0, token: 0 } : undefined,
  });
  deepStrictEqual(
    steps.map(({ staleness, importanceWeights }) => [staleness, importanceWeights.length > 0]),
    [[0, false], [0, false], [1, true]],
  );
});

Deno.test("several updates a step make its ratio one to the trainer's own log-probs before the first", async () => {
  const { steps } = await finishedSteps({
    preset: STALE,
    recipe: { steps: 2, ppoEpochs: 2, miniBatches: 2 },
    trainerLogProb: (version) => -1 - 0.05 * version,
  });
  deepStrictEqual(steps.map(({ staleness }) => staleness), [0, 4]);
  steps[1]!.applied.forEach(({ results }, u) => {
    for (const { ratio } of results) {
      assertClose(ratio, ratio.map(() => Math.exp(-0.05 * u)), { atol: 1e-12 });
    }
  });
  // Four updates lie between sampler and trainer.
  for (const weights of steps[1]!.importanceWeights) {
    assertClose(weights, weights.map(() => Math.exp(-0.2)), { atol: 1e-12 });
  }
});

Deno.test("withNext() pulls one element ahead with staleness, and none without", async () => {
  for (const steps of [0, 1] as const) {
    const seen: string[] = [];
    await Effect.runPromise(
      Stream.fromIterable([1, 2, 3], { chunkSize: 1 }).pipe(
        Stream.tap((i) => Effect.sync(() => void seen.push(`begin ${i}`))),
        withNext({ steps, weightBound: 2 }),
        Stream.tap(([i, next]) => Effect.sync(() => void seen.push(`end ${i}, ${next ?? "none"}`))),
        Stream.runDrain,
      ),
    );
    const want = steps === 0
      ? ["begin 1", "end 1, none", "begin 2", "end 2, none", "begin 3", "end 3, none"]
      : ["begin 1", "begin 2", "end 1, 2", "begin 3", "end 2, 3", "end 3, none"];
    deepStrictEqual(seen, want);
  }
});

Deno.test("withNext() hands no element on after a failure", async () => {
  const seen: number[] = [];
  const reason = await Effect.runPromise(
    Stream.concat(Stream.fromIterable([1, 2, 3], { chunkSize: 1 }), Stream.fail("lost")).pipe(
      withNext({ steps: 1, weightBound: 2 }),
      Stream.tap(([i]) => Effect.sync(() => void seen.push(i))),
      Stream.runDrain,
      Effect.flip,
    ),
  );
  deepStrictEqual([reason, seen], ["lost", [1, 2]]);
});
