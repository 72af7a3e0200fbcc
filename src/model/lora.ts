/**
 * Low-rank adapters (LoRA, arXiv 2106.09685): y = x Wᵀ + s (x Aᵀ) Bᵀ with W frozen, A (r, in) and B (out, r) trained and
 * s = alpha / r, or alpha / sqrt(r) (rsLoRA, arXiv 2312.03732). With B = 0 the model is its base.
 */
import { Result } from "effect";
import { BadInput } from "../domain/errors.ts";
import { LIMITS } from "../domain/limits.ts";
import { PROJECTIONS } from "../domain/recipe.ts";
import { hashString, type RandomKey, splitKey, uniform } from "../math/threefry.ts";
import type { Architecture } from "./architecture.ts";
import {
  type Parameter,
  parametersOf,
  stackParameters,
  type StoredParameter,
} from "./parameters.ts";

/** One of {@link PROJECTIONS}. */
export type Projection = typeof PROJECTIONS[number];

/** What adapters a model has. */
export interface Lora {
  /** A multiple of 4. */
  readonly rank: number;
  readonly alpha: number;
  /** Whether s is alpha / sqrt(rank) instead of alpha / rank. */
  readonly rankStabilized: boolean;
  readonly targets: ReadonlySet<Projection>;
}

/** s, what x Aᵀ is multiplied by. */
export function scalingOf({ rank, alpha, rankStabilized }: Lora): number {
  return alpha / (rankStabilized ? Math.sqrt(rank) : rank);
}

/** Products of adapters stay finite in f32 below this. */
const LARGEST_ALPHA = 1_000_000;

/** Fails for adapters that no kernel supports. */
export function checkLora(lora: Lora): Result.Result<Lora, BadInput> {
  const { rank, alpha, targets } = lora;
  if (!Number.isInteger(rank) || rank < 4 || rank % 4 !== 0 || rank > LIMITS.loraRank) {
    return Result.fail(
      new BadInput({
        message: `Cannot use the adapters as their rank must be a multiple of 4 from 4 to ` +
          `${LIMITS.loraRank}: it is ${rank}`,
      }),
    );
  }
  if (!(alpha > 0) || alpha > LARGEST_ALPHA) {
    return Result.fail(
      new BadInput({
        message: `Cannot use the adapters as alpha must be above 0 and at most ${LARGEST_ALPHA}: ` +
          `it is ${alpha}`,
      }),
    );
  }
  if (targets.size === 0) {
    return Result.fail(
      new BadInput({
        message: `Cannot use the adapters as they must be on one projection or more: known are ${
          PROJECTIONS.join(", ")
        }`,
      }),
    );
  }
  return Result.succeed(lora);
}

/** The names of A and B of the adapter on a matrix. */
export function factorsOf(weight: string): readonly [first: string, second: string] {
  const module = weight.replace(/weight$/, "");
  return [`${module}lora_A.weight`, `${module}lora_B.weight`];
}

/** Both factors of every adapter, `MODULE.lora_A.weight` and `MODULE.lora_B.weight`, in order of the model's parameters. */
export function loraParametersOf(
  architecture: Architecture,
  { rank, targets }: Lora,
): ReadonlyArray<Parameter> {
  return parametersOf(architecture).flatMap(({ name, rows, cols }) => {
    const [, projection] = /\.(\w+_proj)\.weight$/.exec(name) ?? [];
    if (!targets.has(projection as Projection)) return [];
    const [first, second] = factorsOf(name);
    return [factor(first, rank, cols), factor(second, rows, rank)];
  });
}

function factor(name: string, rows: number, cols: number): Parameter {
  return { name, shape: [rows, cols], rows, cols, kind: "matrix" };
}

/** The factors as engines hold them: first factors that read the same input are stacked. */
export function storedLoraOf(
  architecture: Architecture,
  lora: Lora,
): ReadonlyArray<StoredParameter> {
  return stackParameters(loraParametersOf(architecture, lora));
}

/**
 * Fresh adapters. First factors are uniform within 1 / sqrt(inputs), as in PEFT. Second factors are 0, so that the
 * model equals its base. A pure function of the key and each factor's name.
 */
export function initialLora(
  architecture: Architecture,
  lora: Lora,
  key: RandomKey,
): ReadonlyMap<string, Float32Array> {
  return new Map(
    loraParametersOf(architecture, lora).map(({ name, rows, cols }) => {
      const own = splitKey(key, hashString(name));
      const bound = name.includes(".lora_B.") ? 0 : 1 / Math.sqrt(cols);
      const values = Float32Array.from(
        { length: rows * cols },
        (_, i) => bound === 0 ? 0 : bound * (2 * uniform(own, i) - 1),
      );
      return [name, values];
    }),
  );
}
