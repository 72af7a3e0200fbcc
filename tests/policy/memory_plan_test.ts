import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import { Effect, Result } from "effect";
import { configOf, type ShapeName } from "../../bench/random_model.ts";
import { inBytes } from "../../src/domain/bytes.ts";
import { PROJECTIONS, type WeightFormat } from "../../src/domain/recipe.ts";
import { readArchitecture } from "../../src/model/architecture.ts";
import type { Engine } from "../../src/model/engine.ts";
import type { Lora } from "../../src/model/lora.ts";
import { createGpuEngine } from "../../src/gpu/engine.ts";
import { opsOf, symbolOf } from "../../src/model/plan.ts";
import { gradientProgram, logProbProgram, updateProgram } from "../../src/model/programs.ts";
import { fitMemory, planMemory, totalBytes } from "../../src/policy/memory_plan.ts";
import { dimsOf, policyPrograms, type SizedProgram } from "../../src/policy/runtime.ts";
import { createInterpreter } from "../../src/reference/interpreter.ts";
import { createCountingDevice } from "../support/counting_device.ts";
import {
  BINDING_BYTES,
  CARD,
  cardPartialBytes,
  formOf as formOnCard,
} from "../support/dispatch_counts.ts";
import { onWgsl } from "../support/engines.ts";
import { roomFor, TINY } from "../support/tiny_models.ts";
import { countParameters, inFloat32 } from "../support/plans.ts";
import { openTiny } from "../support/tiny_policy.ts";

const shapeOf = (name: ShapeName) => Result.getOrThrow(readArchitecture(configOf(name)));

/** Shapes of Qwen2.5. */
const SHAPES = {
  "0.5B": shapeOf("qwen2.5-0.5b"),
  "1.5B": shapeOf("qwen2.5-1.5b"),
  "7B": shapeOf("qwen2.5-7b"),
};

const LORA: Lora = {
  rank: 16,
  alpha: 32,
  rankStabilized: false,
  targets: new Set(PROJECTIONS),
};

const USE = { trains: true, masked: false, recompute: "auto" } as const;
const WANTED = { rows: 8, contextTokens: 4096, passTokens: 32768, messageTokens: 512 };
const ALIKE = { bufferBytes: 2 ** 31 - 1, fewDispatches: false, partialBytes: () => 0 };
const GPU = { ...ALIKE, bindingBytes: 2 ** 31 - 1, isMirrored: false };

const formOf = (size: keyof typeof SHAPES, format: WeightFormat, bindingBytes: number) => ({
  architecture: SHAPES[size],
  format,
  lora: LORA,
  bindingBytes,
});

const fit = (size: keyof typeof SHAPES, format: WeightFormat, budget: number) =>
  fitMemory(formOf(size, format, GPU.bindingBytes), WANTED, USE, { ...GPU, budget });

Deno.test("adapters on 1.5B in 16 bits fit a card of 8 GB, and on 7B in 4 bits one of 24 GB", () => {
  for (const [size, format, budget] of [["1.5B", "bf16", 8e9], ["7B", "nf4", 24e9]] as const) {
    const plan = Result.getOrThrow(fit(size, format, budget));
    ok(totalBytes(plan.parts) <= budget, inBytes(totalBytes(plan.parts)));
    ok(plan.capacity.passTokens >= WANTED.contextTokens);
  }
});

Deno.test("planMemory() counts weights, cache and moments to the byte", () => {
  const capacity = { ...WANTED, passTokens: 4096 };
  const options = { ...GPU, ...USE, recompute: "none" } as const;
  const { parts } = planMemory(formOf("0.5B", "f32", GPU.bindingBytes), capacity, options);
  const bytesOf = (what: string) => parts.find((part) => part.what === what)!.bytes;
  strictEqual(bytesOf("weights"), 4 * countParameters(SHAPES["0.5B"]));
  // Rank 16 on q, k, v, o, gate, up and down.
  const perLayer = 16 * (2 * (896 + 896) + 2 * (896 + 128) + 3 * (896 + 4864));
  strictEqual(bytesOf("adapters"), 4 * 24 * perLayer);
  strictEqual(bytesOf("gradients and optimizer"), 3 * 4 * 24 * perLayer);
  strictEqual(bytesOf("KV cache"), 24 * (8 * 4096 + 4096) * 2 * 2 * 64 * 4);
});

/** Runs all phases of a program with the largest sizes, on a device that computes nothing. */
const runLargest = (engine: Engine, { program, dims }: SizedProgram) =>
  Effect.gen(function* () {
    const executable = yield* engine.load(program, dims);
    const symbols = opsOf(program).flatMap((op) => Object.values(op.dims).map(symbolOf));
    const sizes = { ...Object.fromEntries(symbols.map((name) => [name, 1])), ...dims };
    const tiled = program.inputs.includes("tiles") ? { tileRows: 32 } : {};
    for (const phase of Object.keys(program.phases)) executable.run(phase, { ...sizes, ...tiled });
  });

Deno.test("planMemory() counts all that a card's programs allocate, and what their kernels hand on", async () => {
  const capacity = { rows: 16, contextTokens: 512, passTokens: 2048, messageTokens: 128 };
  const adamw = { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0, decayed: "all" } as const;
  const options = { trains: true, masked: true, recompute: "none", isMirrored: false } as const;
  for (const held of ["full", "LoRA"] as const) {
    const form = formOnCard("qwen2.5-0.5b", held);
    const { parts, arena } = planMemory(form, capacity, {
      ...options,
      partialBytes: cardPartialBytes,
    });
    const { opened, buffers } = createCountingDevice(CARD, BINDING_BYTES);
    const dims = dimsOf(form.architecture, capacity);
    const learning = [gradientProgram(form), updateProgram(form, adamw)];
    const programs: ReadonlyArray<SizedProgram> = [
      ...Object.values(policyPrograms(form, capacity)),
      ...learning.map((program) => ({ program, dims })),
    ];
    const allocated = await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      const engine = yield* createGpuEngine(opened);
      yield* engine.reserve(arena);
      for (const sized of programs) yield* runLargest(engine, sized);
      opened.commands.finish();
      const bytes = (isMeant: (label: string) => boolean) =>
        [...buffers].reduce((sum, { label, size }) => sum + (isMeant(label) ? size : 0), 0);
      const partials = bytes((label) => label === "partials");
      return { partials, rest: bytes((label) => label !== "partials" && label !== "dims") };
    })));
    const partials = parts.find(({ what }) => what === "partial results")!.bytes;
    strictEqual(allocated.partials, partials, held);
    ok(partials > 2 ** 24);
    // A buffer is at least one unit long and a whole number of units.
    const difference = Math.abs(allocated.rest - (totalBytes(parts) - partials));
    ok(difference < 16 * 1000, `${held}: ${difference} bytes`);
  }
});

Deno.test("fitMemory() takes what is fastest: smaller passes, then layers twice, then fewer rows", () => {
  const wanted = { ...WANTED, contextTokens: 1024 };
  const form = formOf("0.5B", "bf16", GPU.bindingBytes);
  const choice = (budget: number) => {
    const { capacity, recompute } = Result.getOrThrow(
      fitMemory(form, wanted, USE, { ...GPU, budget }),
    );
    return [capacity.passTokens, recompute, capacity.rows];
  };
  deepStrictEqual(choice(1e12), [32768, "none", 8]);
  deepStrictEqual(choice(20e9), [8192, "none", 8]);
  deepStrictEqual(choice(4.5e9), [8192, "layer", 8]);
  const least = choice(1.6e9);
  deepStrictEqual(least.slice(0, 2), [1024, "layer"]);
  const refused = fitMemory(form, wanted, USE, { ...GPU, budget: 1e9 });
  ok(Result.isFailure(refused));
  match(
    refused.failure.message,
    /^Cannot fit the run into 1.0 GB as it needs 1.\d GB at least \(weights 988 MB, .*nf4/,
  );
});

Deno.test("fitMemory() keeps buffers as small as an adapter asks, and says which one cannot be", () => {
  const small = { ...ALIKE, bindingBytes: 2 ** 27, isMirrored: true, budget: null };
  const form = formOf("0.5B", "bf16", small.bindingBytes);
  const plan = Result.getOrThrow(
    fitMemory(form, { ...WANTED, contextTokens: 2048 }, USE, { ...small, budget: 24e9 }),
  );
  ok(plan.reached.bytes <= small.bindingBytes);
  ok(
    plan.capacity.passTokens > 2048,
    "what is wider than a binding is reached in stretches of rows",
  );
  const full = { ...form, format: "f32" as const, lora: null };
  const refused = fitMemory(full, WANTED, USE, small);
  ok(Result.isFailure(refused));
  match(refused.failure.message, /at most 134217728 bytes: ".*embed_tokens.weight" has 544538624/);
});

Deno.test("fitMemory() plans contexts of 32,768 tokens on 0.5B where a binding has 128 MiB, not on 1.5B", () => {
  const lavapipe = { ...ALIKE, bindingBytes: 2 ** 27, isMirrored: true };
  const wanted = { rows: 1, contextTokens: 32768, passTokens: 32768, messageTokens: 512 };
  const planOf = (size: keyof typeof SHAPES, limits = lavapipe) =>
    fitMemory(formOf(size, "bf16", limits.bindingBytes), wanted, USE, { ...limits, budget: 19e9 });
  const { reached, largest, parts } = Result.getOrThrow(planOf("0.5B"));
  ok(reached.bytes <= lavapipe.bindingBytes);
  // [gate | up] of all tokens.
  strictEqual(largest.bytes, 32768 * 2 * 4864 * 4);
  ok(totalBytes(parts) < 13e9, inBytes(totalBytes(parts)));
  const refusals = [planOf("1.5B"), planOf("0.5B", { ...lavapipe, bufferBytes: 2 ** 30 })];
  deepStrictEqual(
    refusals.map((plan) =>
      Result.isFailure(plan) &&
      /at most (\d+) bytes: .* has (\d+);/.exec(plan.failure.message)?.slice(1)
    ),
    [
      // Queries of all tokens, which attention reads in an order of its own.
      ["134217728", String(32768 * 1536 * 4)],
      ["1073741824", String(largest.bytes)],
    ],
  );
});

Deno.test("a context beyond the positions that a model knows is refused", async () => {
  const capacity = { contextTokens: TINY.qwen3.maxPositions + 1 };
  const opened = Effect.flip(openTiny(createInterpreter(), { capacity }));
  const { message } = await Effect.runPromise(Effect.scoped(opened));
  match(message, /^Cannot use contexts of 513 tokens as the model knows 512 positions/);
});

onWgsl(
  "programs share the scratch memory of an engine, and a phase that was overtaken is refused",
  (engine) =>
    Effect.gen(function* () {
      const own = engine.fresh();
      const room = roomFor(16, TINY.qwen2);
      yield* own.reserve(Array(40).fill(65536));
      const gradient = yield* own.load(gradientProgram(inFloat32(TINY.qwen2)), room);
      const logProb = yield* own.load(logProbProgram(inFloat32(TINY.qwen2)), room);
      const dims = { ...room, inverseTemperature: 1 };
      gradient.run("forward", dims);
      logProb.run("forward", dims);
      throws(() => gradient.run("backward", dims), /must follow its own phases at once/);
    }),
);
