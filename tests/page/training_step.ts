// deno-lint-ignore-file no-console
/**
 * A whole training step of the built-in model, from a question to the new weights, by WGSL and by plain loops: how far
 * the two are apart. tests/runtimes runs it in Chromium.
 */
import { deepEqual, ok } from "node:assert/strict";
import { Effect, Stream } from "effect";
import * as igpo from "../../browser.ts";
import { chooseDriver } from "../../src/files/driver.ts";
import { FAMILIES } from "../../src/gpu/launches.ts";
import { gradientName } from "../../src/model/backward.ts";
import type { Engine } from "../../src/model/engine.ts";
import { storedParametersOf } from "../../src/model/parameters.ts";
import { assertClose } from "../support/comparison.ts";
import { builtInFiles } from "../support/model_files.ts";

const RECIPE = { ...igpo.RECIPES.get("embedded")!, promptsPerStep: 1, groupSize: 4 };
const PRESET = igpo.PRESETS["paper-v2"]!;
const SEED = 1;

/** What docs/numerics.md promises of log-probs and gains, in nats, and of gradients, as a share of the largest. */
const NATS = 1e-4;
const GRADIENT_SHARE = 2e-5;
/** Where a gradient is not zero but for rounding, AdamW's first update of its weight is the learning rate or nearly. */
const RATE_SHARE = 1e-2;
/** Elsewhere it may be the learning rate one way or the other, which must be rare. */
const FAR_SHARE = 1e-3;

const files = await builtInFiles();
const family = FAMILIES.find((name) => name === Deno.env.get("TEST_FAMILY")) ?? null;

/** One step on a device: what was played, believed and lost, the gradient, and the weights after it. */
const stepOn = Effect.fnUntraced(function* (device: "cpu" | "gpu") {
  const model = yield* Effect.fromResult(igpo.modelInMemory(files));
  const { protocol } = yield* Effect.fromResult(
    igpo.makeWorldText(
      JSON.parse(files["tokenizer.json"]),
      JSON.parse(files["tokenizer_config.json"]),
    ),
  );
  const splits = yield* igpo.worldSplits(RECIPE, { purpose: "train", searchOff: false });
  const machine = yield* igpo.openDeviceMachine(device, {
    tuned: () => family === null ? null : { family },
  });
  const engines: Array<Engine> = [];
  const makeEngine = Effect.tap(
    machine.makeEngine,
    (engine) => Effect.sync(() => engines.push(engine)),
  );
  const setup = yield* Effect.fromResult(
    igpo.planPolicy(
      { machine: { ...machine, makeEngine }, model, config: { recipe: RECIPE } },
      "train",
    ),
  );
  const { questions, environment } = splits.train;
  const program = Effect.gen(function* () {
    const [step] = yield* igpo.questionSteps({ ...RECIPE, seed: SEED, questions, from: 1, to: 1 })
      .pipe(
        igpo.rollout({ seed: SEED, protocol, recipe: RECIPE, wave: setup.room.capacity.rows }),
        igpo.score({ protocol, gain: PRESET.gain }),
        igpo.reward(PRESET),
        igpo.advantage({ preset: PRESET, recipe: RECIPE }),
        igpo.update({ preset: PRESET, recipe: RECIPE, record: () => Effect.void }),
        Stream.runCollect,
        Effect.provideService(igpo.Environment, environment),
      );
    // The policy's engine is made before that of the reference policy.
    const names = storedParametersOf(model.architecture).map(({ name }) => gradientName(name));
    const gradient = Object.values(yield* engines[0]!.read(names)).flatMap((part) => [...part]);
    const learner = yield* igpo.Learner;
    const weights = [...(yield* learner.weights()).values()].flatMap((part) => [...part]);
    return { adapter: machine.adapter.name, step: step!, gradient, weights };
  });
  return yield* Effect.provide(program, igpo.layerLearner(setup, [PRESET]));
}, Effect.scoped);
type Done = Effect.Success<ReturnType<typeof stepOn>>;

const episodesOf = ({ step }: Done) => step.groups.flatMap(({ episodes }) => episodes);
const lossOf = ({ step }: Done) =>
  step.applied.flatMap(({ results }) => results).reduce((sum, { loss }) => sum + loss, 0);
const each = <A>(of: ReadonlyArray<A>, values: (one: A) => ArrayLike<number>) =>
  of.flatMap((one) => Array.from(values(one)));

Deno.test("a whole training step has the numbers of plain loops", async () => {
  await Effect.runPromise(chooseDriver());
  const got = await Effect.runPromise(stepOn("gpu"));
  const want = await Effect.runPromise(stepOn("cpu"));
  const [found, wanted] = [episodesOf(got), episodesOf(want)];
  const tokens = wanted.map(({ tokens }) => [...tokens]);
  deepEqual(found.map(({ tokens }) => [...tokens]), tokens);
  deepEqual([got.step.applied.length, want.step.applied.length], [1, 1]);
  const largest = want.gradient.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  ok(
    largest > 0 && each(wanted, ({ gain }) => gain).some((gain) => gain !== 0),
    "nothing is learnt",
  );
  const beliefs = assertClose(
    each(found, ({ belief }) => belief),
    each(wanted, ({ belief }) => belief),
    { atol: NATS },
    "beliefs",
  );
  const logProbs = assertClose(
    each(got.step.logProbs, ({ logProb }) => logProb),
    each(want.step.logProbs, ({ logProb }) => logProb),
    { atol: NATS },
    "log-probs",
  );
  const loss = assertClose([lossOf(got)], [lossOf(want)], { atol: NATS }, "loss");
  const gradient = assertClose(
    got.gradient,
    want.gradient,
    { atol: GRADIENT_SHARE * largest },
    "gradient",
  );
  const moved = got.weights.map((w, i) => Math.abs(w - want.weights[i]!) / RECIPE.lr);
  const far = moved.filter((share) => !(share <= RATE_SHARE)).length / moved.length;
  const most = moved.reduce((most, x) => Math.max(most, x), 0);
  const differences = { beliefs, logProbs, loss, gradient: gradient / largest, weights: most, far };
  const listed = Object.entries(differences)
    .map(([name, value]) => `${name} ${value.toExponential(1)}`).join(", ");
  const played = `${tokens.flat().length} tokens of ${tokens.length} episodes are the same`;
  console.log(
    `${got.adapter}, ${family ?? "its own family"}, and plain loops: ${played}; ${listed}`,
  );
  ok(far <= FAR_SHARE, `${far} of all weights`);
});
