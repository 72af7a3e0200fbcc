import { Effect, Scope } from "effect";
import { BadInput, type KernelFailed } from "../domain/errors.ts";
import { type Architecture, headGroup } from "../model/architecture.ts";
import type { ModelForm } from "../model/decoder.ts";
import { type Lora, storedLoraOf } from "../model/lora.ts";
import { decodeProgram } from "../model/decode.ts";
import type { Engine, Executable } from "../model/engine.ts";
import { MOST_ANCESTORS } from "../model/packing.ts";
import { storedParametersOf } from "../model/parameters.ts";
import type { WeightFormat } from "../domain/recipe.ts";
import type { Dims, Program } from "../model/plan.ts";
import { cacheProgram, logProbProgram } from "../model/programs.ts";
import type { Tiling } from "../model/segments.ts";
import { ropeTable } from "../model/rope.ts";
import { type WeightSource, writeWeights } from "../model/weight_source.ts";
import { type CacheRows, createCacheRows } from "./cache.ts";

/** How much a policy can hold at a time; these numbers bound memory and never change results. */
export interface Capacity {
  /** Sequences decoded at the same time. */
  readonly rows: number;
  /** Tokens a sequence may have. */
  readonly contextTokens: number;
  /** Tokens of one pass. */
  readonly passTokens: number;
  /** Tokens of one message. */
  readonly messageTokens: number;
}

/** The executable of the program that a function makes. */
export type ExecutableOf<Make extends (...args: never[]) => Program> = ReturnType<Make> extends
  Program<infer Phase, infer Input> ? Executable<Phase, Input> : never;

/** A model that is loaded on an engine. */
export interface Runtime {
  readonly engine: Engine;
  readonly architecture: Architecture;
  readonly form: ModelForm;
  readonly capacity: Capacity;
  readonly dims: Dims;
  readonly cache: CacheRows;
  /** First of `passTokens` slots that belong to no row: probes are written there. */
  readonly probeSlots: number;
  /** Fills the cache, scores on it, and copies within it. */
  readonly cachePass: ExecutableOf<typeof cacheProgram>;
  readonly decode: ExecutableOf<typeof decodeProgram>;
  /** Decoding with top-k, top-p or min-p; made when first asked for. */
  readonly decodeMasked: Effect.Effect<ExecutableOf<typeof decodeProgram>, KernelFailed | BadInput>;
  readonly logProb: ExecutableOf<typeof logProbProgram>;
  /** How passes cut their queries into tiles. */
  readonly tiling: Tiling;
  /** Decoding runs in this scope until it is closed. */
  readonly scope: Scope.Scope;
}

/** Positions beyond the context, where probes may reach. */
const PROBE_POSITIONS = 1024;

/** Upper bounds of the symbols of a policy's programs. */
export function dimsOf(architecture: Architecture, capacity: Capacity): Dims {
  const { rows, contextTokens, passTokens } = capacity;
  const slots = rows * contextTokens;
  return {
    N: passTokens,
    R: passTokens,
    // The rows, the ranges of every row, and those of every tile.
    Q: (1 + 2 * MOST_ANCESTORS) * passTokens,
    // The keys, the views of every key, and the stretches of every tile of keys.
    K: (1 + 3 * MOST_ANCESTORS) * passTokens,
    queryTiles: passTokens,
    keyTiles: 2 * passTokens,
    U: Math.min(architecture.vocabulary, passTokens),
    M: slots + passTokens,
    C: slots,
    P: contextTokens + PROBE_POSITIONS,
  };
}

/** A program and upper bounds of its symbols. */
export interface SizedProgram<P extends Program = Program> {
  readonly program: P;
  readonly dims: Dims;
}

/** The programs of a policy. */
export interface PolicyPrograms {
  readonly cache: SizedProgram<ReturnType<typeof cacheProgram>>;
  readonly logProb: SizedProgram<ReturnType<typeof logProbProgram>>;
  readonly decode: SizedProgram<ReturnType<typeof decodeProgram>>;
  readonly decodeMasked: SizedProgram<ReturnType<typeof decodeProgram>>;
}

/** What a policy runs: prefill and scoring on a cache, log-probs, and decoding, also with top-k, top-p or min-p. */
export function policyPrograms(
  form: ModelForm,
  capacity: Capacity,
): PolicyPrograms {
  const dims = dimsOf(form.architecture, capacity);
  const decoding = (options: { readonly masked: boolean }) => ({
    program: decodeProgram(form, { messageTokens: capacity.messageTokens, ...options }),
    dims: { ...dims, N: capacity.rows, Q: capacity.rows },
  });
  return {
    cache: { program: cacheProgram(form), dims },
    logProb: { program: logProbProgram(form), dims },
    decode: decoding({ masked: false }),
    decodeMasked: decoding({ masked: true }),
  };
}

/** Loads the programs of a policy and its weights. */
export const createRuntime: (
  engine: Engine,
  model: {
    readonly architecture: Architecture;
    /** Includes the weights of adapters. */
    readonly weights: WeightSource;
    readonly lora?: Lora | null;
    /** How matrices that are not trained are stored. @default {"f32"} */
    readonly format?: WeightFormat;
  },
  capacity: Capacity,
) => Effect.Effect<Runtime, KernelFailed | BadInput, Scope.Scope> = Effect.fn("createRuntime")(
  function* (engine, { architecture, weights, lora = null, format = "f32" }, capacity) {
    const scope = yield* Effect.scope;
    if (capacity.contextTokens > architecture.maxPositions) {
      return yield* new BadInput({
        message:
          `Cannot use contexts of ${capacity.contextTokens} tokens as the model knows ${architecture.maxPositions} positions: lower contextTokens`,
      });
    }
    const dims = dimsOf(architecture, capacity);
    const { bindingBytes, fewDispatches } = engine;
    const form: ModelForm = { architecture, format, lora, bindingBytes, fewDispatches };
    const programs = policyPrograms(form, capacity);
    const load = <Phase extends string, Input extends string>(
      { program, dims }: SizedProgram<Program<Phase, Input>>,
    ) => engine.load(program, dims);
    const cachePass = yield* load(programs.cache);
    const logProb = yield* load(programs.logProb);
    const decode = yield* load(programs.decode);
    const decodeMasked = yield* Effect.cached(
      load(programs.decodeMasked).pipe(Effect.provideService(Scope.Scope, scope)),
    );
    const adapters = lora === null ? [] : storedLoraOf(architecture, lora);
    yield* writeWeights(engine, [...storedParametersOf(architecture), ...adapters], weights);
    engine.write("rope", ropeTable(architecture.rope, architecture.headDim, dims["P"]!));
    return {
      engine,
      architecture,
      form,
      capacity,
      dims,
      cache: createCacheRows(capacity.rows, capacity.contextTokens),
      probeSlots: capacity.rows * capacity.contextTokens,
      cachePass,
      decode,
      decodeMasked,
      logProb,
      tiling: { ...engine.tiles, group: headGroup(architecture) },
      scope,
    };
  },
);
