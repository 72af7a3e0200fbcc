// deno-lint-ignore-file no-console
/**
 * Long contexts at the widths of Qwen2.5-0.5B, with few layers and a small vocabulary: log-probs and one update of all
 * parameters over a single sequence, and memory as planned and as measured. The first log-probs must have the bits of a
 * pass that is short enough to reach its tensors whole.
 *
 * deno task bench:long [--layers L] [TOKENS...]
 */
import { Effect, Result } from "effect";
import { parseArgs } from "node:util";
import { inBytes } from "../src/domain/bytes.ts";
import { readArchitecture } from "../src/model/architecture.ts";
import { parametersOf } from "../src/model/parameters.ts";
import { weightsInMemory } from "../src/model/weight_source.ts";
import { createLearner } from "../src/policy/learner.ts";
import { makePolicy } from "../src/policy/make_policy.ts";
import { fitMemory, totalBytes } from "../src/policy/memory_plan.ts";
import { createRuntime } from "../src/policy/runtime.ts";
import type { Machine } from "../src/run/device_machine.ts";
import { machineLines, openMachine } from "../src/run/machine.ts";
import { configOf, randomValuesOf } from "./random_model.ts";

const { values: { layers }, positionals } = parseArgs({
  args: Deno.args,
  options: { layers: { type: "string", default: "1" } },
  allowPositionals: true,
});
const SIZES = positionals.length === 0 ? [4096, 8192, 16384, 32768] : positionals.map(Number);
/** Short enough for all tensors of a pass to be reached whole. */
const SHORT = 2048;

const architecture = Result.getOrThrow(readArchitecture({
  ...configOf("qwen2.5-0.5b"),
  num_hidden_layers: Number(layers),
  vocab_size: 512,
}));
const weights = new Map(
  parametersOf(architecture).map((parameter) => [parameter.name, randomValuesOf(parameter)]),
);
const ADAMW = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0, decayed: "matrices" } as const;

/** A text of this vocabulary in which tokens come back. */
const tokensOf = (count: number) =>
  Uint32Array.from({ length: count }, (_, i) => (i * i + 7 * i) % 509);
/** All tokens that something predicts. */
const sequenceOf = (count: number) => ({
  tokens: tokensOf(count),
  position: Uint32Array.from({ length: count - 1 }, (_, i) => i + 1),
});

const timed = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const start = performance.now();
    const value = yield* work;
    return { value, seconds: (performance.now() - start) / 1000 };
  });

/** Log-probs and one update of a sequence of so many tokens. */
const run = Effect.fnUntraced(function* (machine: Machine, tokens: number) {
  const before = Deno.memoryUsage().rss;
  const { bindingBytes } = machine.limits;
  const form = { architecture, format: "f32" as const, lora: null, bindingBytes };
  const wanted = { rows: 1, contextTokens: tokens, passTokens: tokens, messageTokens: 1 };
  const use = { trains: true, masked: false, recompute: "auto" } as const;
  const plan = yield* Effect.fromResult(fitMemory(form, wanted, use, machine.limits));
  const engine = yield* machine.makeEngine;
  yield* engine.reserve(plan.arena);
  const model = { architecture, weights: weightsInMemory(weights) };
  const runtime = yield* createRuntime(engine, model, plan.capacity);
  const learner = yield* createLearner(runtime, ADAMW, plan.recompute);
  const sequences = [sequenceOf(tokens)];
  const scored = yield* timed(makePolicy(runtime).logProbs(sequences, 1));
  console.error(`${tokens} tokens are scored after ${scored.seconds.toFixed(0)} s`);
  const trained = yield* timed(Effect.gen(function* () {
    yield* learner.gradient(sequences, 1, (_, { logProb }) => ({
      dLogProb: logProb.map(() => -1 / logProb.length),
      dEntropy: new Float64Array(logProb.length),
    }));
    return yield* learner.update({ learningRate: 1e-3, clipNorm: 1 });
  }));
  const resident = Deno.memoryUsage().rss - before;
  const { logProb } = scored.value[0]!;
  return { plan, resident, logProb, scored, trained };
}, Effect.scoped);

const sameBits = (left: Float64Array, right: Float64Array) =>
  right.every((value, i) => Object.is(left[i], value));

const program = Effect.gen(function* () {
  const machine = yield* openMachine("gpu");
  console.log(machineLines(machine).join("\n"));
  const short = yield* run(machine, SHORT);
  console.log(
    "| tokens | log-probs | gradient and update | planned | measured | largest tensor | " +
      `first ${SHORT} log-probs | mean log-prob | gradient norm |`,
  );
  console.log("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
  for (const tokens of SIZES) {
    const { plan, resident, logProb, scored, trained } = yield* run(machine, tokens);
    const isSame = sameBits(logProb, short.logProb) ? "same bits" : "DIFFER";
    const cells = [
      ...[tokens, `${scored.seconds.toFixed(0)} s`, `${trained.seconds.toFixed(0)} s`],
      ...[inBytes(totalBytes(plan.parts)), inBytes(resident), inBytes(plan.largest.bytes)],
      ...[isSame, (logProb.reduce((sum, x) => sum + x, 0) / logProb.length).toFixed(4)],
      trained.value.gradientNorm.toExponential(3),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
});

await Effect.runPromise(Effect.scoped(program));
Deno.exit(0);
