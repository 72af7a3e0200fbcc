import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Cause, Effect, type Exit, Layer, Stream } from "effect";
import type { RewardedEpisode } from "../../src/domain/batch.ts";
import { Environment } from "../../src/environment/environment.ts";
import { turnRewards } from "../../src/igpo/advantages.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import { advantage } from "../../src/pipeline/advantage.ts";
import { rewardEpisode } from "../../src/pipeline/reward.ts";
import type { RewardedStep } from "../../src/pipeline/steps.ts";
import { assertClose } from "../support/comparison.ts";
import { ReferencePolicy } from "../../src/pipeline/reference_policy.ts";
import { Policy } from "../../src/policy/policy.ts";
import { answer, fakePolicy, protocol, tokenizer } from "./fake_policy.ts";
import {
  environment,
  finishedSteps,
  PRESET,
  RECIPE,
  type RunOptions,
  runStages,
  searchThenAnswer,
} from "./stage_fixtures.ts";

async function oneStep(options: RunOptions = {}) {
  const { steps, calls } = await finishedSteps({
    ...options,
    recipe: { ...options.recipe, steps: 1 },
  });
  const step = steps[0]!;
  const episodes = step.groups.flatMap((group) => group.episodes);
  return { step, episodes, calls };
}

const COMPLAINT = {
  _tag: "Observation",
  results: [{
    call: { name: "", arguments: {} },
    content: " malformed",
    failure: null,
    seconds: 0,
  }],
} as const;

const searched = (episodes: ReadonlyArray<RewardedEpisode>) =>
  episodes.find(({ id }) => id === "1/q/0/2")!;

Deno.test("score() asks for the first belief once a group and for each turn's but the last", async () => {
  const { calls, step } = await oneStep();
  const want = step.groups.flatMap(({ episodes: [direct, once, twice] }) => [
    { sequence: direct!.id, boundaries: [direct!.promptBoundary] },
    { sequence: once!.id, boundaries: [once!.turns[0]!.boundary] },
    { sequence: twice!.id, boundaries: [twice!.turns[0]!.boundary, twice!.turns[1]!.boundary] },
  ]);
  const asked = calls.beliefs.map(({ sequence, boundaries }) => ({ sequence, boundaries }));
  deepStrictEqual(asked, want);
});

Deno.test("belief t is measured where message t + 1 begins", async () => {
  const { episodes } = await oneStep();
  const { belief, promptBoundary, turns } = searched(episodes);
  const boundaries = [promptBoundary, turns[0]!.boundary, turns[1]!.boundary];
  deepStrictEqual([...belief], boundaries.map((boundary) => -1 / boundary));
});

Deno.test("the gain of a turn is the belief after its observation minus the one before", async () => {
  const { episodes } = await oneStep();
  for (const { gain, promptBoundary, turns } of episodes) {
    const at = [promptBoundary, ...turns.map(({ boundary }) => boundary)];
    const want = Array.from(gain, (_, t) => -1 / at[t + 1]! + 1 / at[t]!);
    assertClose(gain, want, { atol: 1e-15 });
    strictEqual(gain.length, turns.length - 1);
  }
});

Deno.test("beliefs in all gold answers are combined where a preset asks for them", async () => {
  const preset = { ...PRESET, gain: { ...PRESET.gain, golds: "logsumexp" as const } };
  const { episodes, calls } = await oneStep({ preset });
  const { belief, promptBoundary } = episodes.find(({ id }) => id === "1/q/1/0")!;
  assertClose([belief[0]!], [-1 / promptBoundary + Math.log(2)], { atol: 1e-12 });
  strictEqual(calls.beliefs.filter(({ sequence }) => sequence === "1/q/1/1").length, 2);
});

Deno.test("a preset without gains asks for no belief and has gains of 0", async () => {
  const preset = { ...PRESETS["grpo"]!, kl: PRESET.kl };
  const { episodes, calls, step } = await oneStep({ preset });
  strictEqual(calls.beliefs.length, 0);
  strictEqual(step.scoredTokens, 0);
  ok(
    episodes.every(({ gain, turns }) =>
      gain.length === turns.length - 1 && gain.every((g) => g === 0)
    ),
  );
});

Deno.test("reward() grades the answer against all golds and punishes a missing one", async () => {
  const { episodes } = await oneStep();
  const right = episodes.find(({ id }) => id === "1/q/0/1")!;
  deepStrictEqual([right.f1, right.em, right.outcome], [1, true, 1]);
  const silent = rewardEpisode({ ...right, answer: null }, PRESET);
  deepStrictEqual([silent.f1, silent.em, silent.outcome], [0, false, -2]);
});

Deno.test("an environment that grades replaces the preset's outcome", async () => {
  const { episodes } = await oneStep();
  strictEqual(rewardEpisode({ ...episodes[0]!, environmentOutcome: 0.25 }, PRESET).outcome, 0.25);
});

Deno.test("where an environment answers a malformed message, dr-venus replaces that turn's gain", async () => {
  const answering = Environment.of({
    ...environment,
    open: (question) =>
      Effect.map(environment.open(question), (session) => ({
        step: (action) =>
          action._tag === "Malformed" ? Effect.succeed(COMPLAINT) : session.step(action),
      })),
  });
  const preset = { ...PRESETS["dr-venus"]!, kl: PRESET.kl };
  const script: RunOptions["script"] = ({ turn }) => turn === 0 ? "" : answer(" Kendek");
  const { step, episodes } = await oneStep({ preset, environment: answering, script });
  const { turns, ending, gain } = episodes[0]!;
  deepStrictEqual([turns.length, ending], [2, "answered"]);
  ok(gain[0] !== -1);
  deepStrictEqual([...turnRewards(step.rewards[0]![0]!, preset)], [-1, episodes[0]!.outcome]);
});

Deno.test("exactly the sampled tokens are trained, each with its turn's advantage", async () => {
  const { step, episodes } = await oneStep();
  const advantages = step.advantages.flat();
  episodes.forEach((episode, i) => {
    const sequence = step.batch.sequences[i]!;
    const trained = new Map([...sequence.position].map((p, j) => [p, j]));
    for (const { kind, turn, start, end } of episode.spans) {
      for (let p = start; p < end; p++) {
        const place = trained.get(p);
        strictEqual(place !== undefined, kind === "action", `token ${p} of ${episode.id}`);
        if (place === undefined) continue;
        strictEqual(sequence.turn[place], turn);
        strictEqual(sequence.advantage[place], advantages[i]!.turn[turn]);
      }
    }
  });
});

Deno.test("later turns of an episode have advantages of their own", async () => {
  const { step } = await oneStep();
  const turns = step.advantages[0]!.find(({ turn }) => turn.length === 3)!.turn;
  strictEqual(new Set(turns).size, 3);
});

Deno.test("weights of a batch sum to 1 for mean modes", async () => {
  for (const aggregation of ["token-mean", "seq-mean-token-mean"] as const) {
    const { step } = await oneStep({ preset: { ...PRESET, aggregation } });
    const weights = step.batch.sequences.flatMap(({ weight }) => [...weight]);
    assertClose([weights.reduce((sum, w) => sum + w, 0)], [1], { atol: 1e-12 });
  }
});

Deno.test("a baseline by token index reaches every response token", async () => {
  const { step } = await oneStep({ preset: { ...PRESETS["official-2025-11"]!, kl: PRESET.kl } });
  for (const [i, { advantage: values, position }] of step.batch.sequences.entries()) {
    const { position: byToken } = step.advantages.flat()[i]!;
    const { promptBoundary } = step.groups.flatMap((group) => group.episodes)[i]!;
    deepStrictEqual([...values], [...position].map((p) => byToken![p - promptBoundary]));
  }
});

Deno.test("a turn's tokens end with the tool's message: the next header belongs to the next turn", async () => {
  const { step, episodes } = await oneStep();
  step.rewards.flat().forEach(({ turnTokens }, i) => {
    const { tokens, turns, promptBoundary } = episodes[i]!;
    let end = promptBoundary;
    turnTokens.forEach((count, t) => {
      end += count;
      strictEqual(tokens[end - 1], protocol.endOfTurnId);
      if (t === turns.length - 1) return;
      const header = tokenizer.decode(tokens.subarray(end, turns[t]!.boundary));
      strictEqual(header, "<|im_start|>assistant<think>");
    });
    strictEqual(end, tokens.length);
  });
});

Deno.test("a batch that mixes policy versions is refused", async () => {
  const { step } = await oneStep();
  const [first, ...others] = step.groups;
  const mixed: RewardedStep = {
    ...step,
    groups: [
      { ...first!, episodes: first!.episodes.map((one) => ({ ...one, policyVersion: 7 })) },
      ...others,
    ],
  };
  const error = await Effect.runPromise(
    Stream.make(mixed).pipe(
      advantage({ preset: PRESET, recipe: RECIPE }),
      Stream.runDrain,
      Effect.flip,
    ),
  );
  strictEqual(
    error.message,
    "Cannot train on a batch that mixes policy versions: they are 0 and 7",
  );
});

Deno.test("a frozen scorer asks the weights a run starts from, and is refused without them", async () => {
  const preset = { ...PRESET, gain: { ...PRESET.gain, scorer: "start" as const } };
  const { exit, calls: before } = await runStages({ preset, recipe: { steps: 1 } });
  deepStrictEqual(before.generated, []);
  match(
    String(Cause.squash((exit as Exit.Failure<unknown, unknown>).cause)),
    /Cannot measure beliefs under the starting weights as there must be a reference policy/,
  );
  const asked: Array<string> = [];
  const frozen = fakePolicy({ script: searchThenAnswer });
  const reference = Layer.effect(
    ReferencePolicy,
    Effect.map(Policy, (policy) => ({
      ...policy,
      beliefs: (requests: Parameters<typeof policy.beliefs>[0]) => {
        asked.push(...requests.map(({ sequence }) => sequence));
        return policy.beliefs(requests);
      },
    })),
  ).pipe(Layer.provide(frozen.layer));
  const own = await oneStep();
  const { steps, calls } = await finishedSteps({ preset, recipe: { steps: 1 }, reference });
  // The fake's beliefs depend on the boundary alone, so both scorers find the same.
  deepStrictEqual(
    steps[0]!.groups.flatMap(({ episodes }) => episodes.map(({ belief }) => [...belief])),
    own.episodes.map(({ belief }) => [...belief]),
  );
  strictEqual(calls.beliefs.length, 0);
  deepStrictEqual(asked, own.calls.beliefs.map(({ sequence }) => sequence));
});

Deno.test("against the belief without a turn, the turn's message and observation are cut out of the context", async () => {
  const preset = { ...PRESET, gain: { ...PRESET.gain, against: "without" as const } };
  const { episodes, calls } = await oneStep({ preset });
  const episode = searched(episodes);
  const { tokens, turns, promptBoundary, belief, without, gain } = episode;
  const [first, second] = turns.map(({ boundary }) => boundary) as [number, number];
  const cut = calls.beliefs.filter(({ sequence }) => sequence.startsWith(`${episode.id} without`));
  deepStrictEqual(
    cut.map(({ tokens: rest }) => [...rest]),
    [
      [...tokens.subarray(0, promptBoundary), ...tokens.subarray(first, second)],
      [...tokens.subarray(0, first)],
    ],
  );
  deepStrictEqual([...without], cut.map(({ tokens: rest }) => -1 / rest.length));
  assertClose(gain, without.map((ell) => belief[2]! - ell), { atol: 1e-15 });
  // An episode that answers at once has no turn to cut out.
  strictEqual(episodes.find(({ id }) => id === "1/q/0/0")!.without.length, 0);
});
