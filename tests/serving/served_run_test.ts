/** Runs whose messages are sampled by servers of our own, behind the protocols of others. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect, type Scope } from "effect";
import { PROJECTIONS } from "../../src/domain/recipe.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import { weightsInMemory } from "../../src/model/weight_source.ts";
import { loadLatestCheckpoint } from "../../src/pipeline/checkpoint.ts";
import { trainServed } from "../../src/programs/train_served.ts";
import {
  inFolder,
  metricsOf,
  prepareTiny,
  tinyModelWeights,
  type TinyRun,
  tinyTask,
} from "../support/tiny_run.ts";
import { asLlamaCpp, asSglang, asVllm, serveForeign } from "./foreign_servers.ts";

const LORA = { rank: 4, alpha: 8, rankStabilized: false, targets: [...PROJECTIONS] };
const PATIENCE = { seconds: 60, retries: 0, waitMillis: 1, bytes: 1_000_000, total: 60 };

const run = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>) =>
  Effect.runPromise(Effect.scoped(effect));

const prepare = (options: TinyRun) =>
  prepareTiny({ ...options, recipe: { lora: LORA, evaluateEvery: 0, ...options.recipe } });

/** Trains a tiny model with the server of a name. */
const trainAt = Effect.fnUntraced(function* (named: string, options: TinyRun) {
  const { prepared, layers } = yield* prepare(options);
  const { isResumed = false, folder } = options;
  const checkpoint = isResumed ? yield* loadLatestCheckpoint(folder, prepared.model) : null;
  const plan = { ...prepared.plan, config: { ...prepared.plan.config, policy: named } };
  const given = { ...prepared, plan, checkpoint, startedMillis: 0 };
  return yield* trainServed(given, PATIENCE).pipe(Effect.provide(layers));
});

const stepsOf = async (folder: string) =>
  (await metricsOf(folder)).map((line) => JSON.parse(line)).filter(({ type }) => type === "step");

for (const [kind, protocol] of [["vllm", asVllm], ["sglang", asSglang]] as const) {
  Deno.test(`${kind} samples each step with the adapters of its version, a stopped run goes on as one that was not`, () =>
    inFolder(async (outer) => {
      for (const name of ["whole", "cut"]) await Deno.mkdir(`${outer}/${name}`);
      await run(Effect.gen(function* () {
        const { prepared: { model } } = yield* prepare({ folder: outer });
        const whole = yield* serveForeign(protocol, model);
        yield* trainAt(`${kind}:${whole.origin}`, { folder: `${outer}/whole` });
        const used = whole.exchanges.flatMap(({ path, body }) =>
          path.endsWith("/generate") ? [String(body["model"] ?? body["lora_path"])] : []
        );
        deepStrictEqual([...new Set(used)].map((name) => name.split("-")[2]), ["0", "1", "2", "3"]);
        const cut = yield* serveForeign(protocol, model);
        const folder = `${outer}/cut`;
        yield* trainAt(`${kind}:${cut.origin}`, { folder, recipe: { steps: 2 } });
        yield* trainAt(`${kind}:${cut.origin}`, { folder, isResumed: true });
      }));
      const steps = await stepsOf(`${outer}/whole`);
      strictEqual(steps.length, 4);
      for (const { logProbGap, logProbGapMean, replacedLogProbs } of steps) {
        ok(logProbGap < 1e-5 && logProbGapMean <= logProbGap && replacedLogProbs === 0);
      }
      deepStrictEqual(await stepsOf(`${outer}/cut`), steps);
    }));
}

Deno.test("a stale step is sampled with the adapters before the updates of the step before, also after a stop", () =>
  inFolder(async (outer) => {
    for (const name of ["whole", "cut"]) await Deno.mkdir(`${outer}/${name}`);
    const preset = { ...PRESETS["paper-v2"]!, staleness: { steps: 1, weightBound: 2 } as const };
    const used = await run(Effect.gen(function* () {
      const { prepared: { model } } = yield* prepare({ folder: outer });
      const { origin, exchanges } = yield* serveForeign(asVllm, model);
      yield* trainAt(`vllm:${origin}`, { folder: `${outer}/whole`, preset });
      const models = exchanges.filter(({ path }) => path.endsWith("/generate"))
        .map(({ body }) => String(body["model"]).split("-")[2]);
      const cut = { folder: `${outer}/cut`, preset };
      yield* trainAt(`vllm:${origin}`, { ...cut, recipe: { steps: 2 } });
      yield* trainAt(`vllm:${origin}`, { ...cut, isResumed: true });
      return [...new Set(models)];
    }));
    deepStrictEqual(used, ["0", "1", "2"]);
    const steps = await stepsOf(`${outer}/whole`);
    deepStrictEqual(steps.map(({ staleness }) => staleness), [0, 1, 1, 1]);
    deepStrictEqual(await stepsOf(`${outer}/cut`), steps);
  }));

Deno.test("a server that keeps its first adapters is a behaviour policy whose gap is told, and alarmed", () =>
  inFolder(async (folder) => {
    const said: string[] = [];
    const preset = `[policy]\nlora = ${folder}/served/adapter.gguf\n`;
    await run(Effect.gen(function* () {
      const { prepared: { model } } = yield* prepare({ folder });
      // This server says that it loads adapters, and does not.
      const protocol = asLlamaCpp(preset, tinyTask.protocol.endOfTurnId);
      const { origin } = yield* serveForeign(protocol, model);
      const print = (text: string) => Effect.sync(() => void said.push(text));
      yield* trainAt(`llama.cpp:${origin}`, { folder, recipe: { lr: 0.1 }, print });
    }));
    const steps = await stepsOf(folder);
    ok(steps[0].logProbGap < 1e-5 && Math.abs(steps[0].ppoKl) < 1e-5);
    // Up to 1 nat the ratio is measured from the server's log-probs, beyond it from the trainer's.
    ok(steps[1].logProbGap > 0.1 && steps[1].replacedLogProbs === 0);
    ok(Math.abs(steps[1].ppoKl) > 1e-3);
    ok(steps[3].logProbGap > 1 && steps[3].replacedLogProbs > 0);
    strictEqual(said.filter((text) => text.startsWith("Warning: What samples is not")).length, 1);
  }));

Deno.test("a run whose server goes away saves what it has, and says how it goes on", () =>
  inFolder(async (folder) => {
    const said: string[] = [];
    const print = (text: string) => Effect.sync(() => void said.push(text));
    const failure = await run(Effect.gen(function* () {
      const { prepared: { model } } = yield* prepare({ folder });
      const { origin } = yield* serveForeign(
        asVllm,
        model,
        (answer, { body }) => String(body["model"]).endsWith("-2") ? { detail: "gone" } : answer,
      );
      return yield* Effect.flip(trainAt(`vllm:${origin}`, { folder, print }));
    }));
    strictEqual(failure._tag, "ServerFailed");
    match(
      failure.message,
      /^Cannot go on as vllm at http:\S+ must answer: 127.0.0.1:\d+ answered something else/,
    );
    match(said.at(-1)!, /^Saved after step 2; go on with: /);
  }));

Deno.test("a server of another model is found out before the first step", () =>
  inFolder(async (folder) => {
    const failure = await run(Effect.gen(function* () {
      const { prepared: { model } } = yield* prepare({ folder });
      const others = new Map(
        [...tinyModelWeights].map(([name, values]) => [name, values.map((x) => 3 * x)]),
      );
      const weights = {
        read: (name: string, from: number, count: number) =>
          (others.has(name) ? weightsInMemory(others) : model.weights).read(name, from, count),
      };
      const { origin } = yield* serveForeign(asVllm, { ...model, weights });
      return yield* Effect.flip(trainAt(`vllm:${origin}`, { folder }));
    }));
    match(
      failure.message,
      /^Cannot sample at vllm at \S+ as its log-probs must be the trainer's within 0.1 nats/,
    );
  }));

Deno.test("a run is refused that no server can sample: whole weights, another temperature, short contexts", () =>
  inFolder(async (folder) => {
    const refused = (recipe: TinyRun["recipe"] & object, change = 128) =>
      run(Effect.gen(function* () {
        const { prepared: { model } } = yield* prepare({ folder });
        const { origin } = yield* serveForeign(
          asSglang,
          model,
          (answer, { path }) =>
            path === "/v1/models" ? { data: [{ max_model_len: change }] } : answer,
        );
        return (yield* Effect.flip(trainAt(`sglang:${origin}`, { folder, recipe }))).message;
      }));
    match(
      await refused({ lora: null }),
      /^Cannot sample with --policy as the recipe must have a lora/,
    );
    // A name that is none is told before what its run lacks.
    const nameless = trainAt("foo", { folder, recipe: { lora: null } });
    match((await run(Effect.flip(nameless))).message, /--policy must be one of llama\.cpp, sglang/);
    match(
      await refused({ temperature: 0.7 }),
      /temperature must be 1, .* they are 0.7, 0, 1 and 0$/,
    );
    match(await refused({ topP: 0.9 }), /they are 1, 0, 0.9 and 0$/);
    match(await refused({}, 64), /must take contexts of 128 tokens: it takes 64$/);
  }));
