import type { Builder } from "./builder.ts";
import type { ModelForm, Weights } from "./decoder.ts";
import { factorsOf, type Lora, scalingOf } from "./lora.ts";
import { adaptedLinear, type AdaptedPart, fusesWith, lowRankLinear } from "./ops/adapted.ts";
import { linear, type LinearInput } from "./ops/linear.ts";
import { columnsOf, type Tensor } from "./plan.ts";

/** A projection of x by a module of the model. */
export interface Projected {
  /** Its name without `.weight`. */
  readonly module: string;
  readonly x: Tensor;
  readonly biased: boolean;
  readonly residual?: Tensor | undefined;
  readonly from?: LinearInput | undefined;
}

/** The adapters on the parts of a projection, in the order of the parts. */
interface Adapters {
  readonly lora: Lora;
  /** A of the parts that have adapters, one below the other. */
  readonly first: Tensor;
  readonly parts: ReadonlyArray<AdaptedPart>;
}

/** y = x Wᵀ + bias + residual + s (x Aᵀ) Bᵀ. `isFused` says whether few rows make dispatches dear. */
export function project(
  b: Builder,
  model: ModelForm,
  weights: Weights,
  { isFused, ...at }: Projected & { readonly isFused: boolean },
): Tensor {
  const { module, x, biased, residual, from } = at;
  const weight = weights.tensor(`${module}.weight`);
  const bias = biased ? weights.tensor(`${module}.bias`) : undefined;
  const adapters = adaptersOf(model, weights, module);
  if (adapters === null) return linear(b, x, weight, { bias, residual, from });
  const { lora, first, parts } = adapters;
  if (model.fewDispatches === true && fusesWith(weight, first, parts)) {
    const product = { weight, first, parts, scale: scalingOf(lora) };
    return isFused
      ? adaptedLinear(b, x, product, { bias, residual, from })
      : lowRankLinear(b, x, product, { bias, residual });
  }
  const y = linear(b, x, weight, { bias, residual, from });
  addAdapters(b, at, adapters, y);
  return y;
}

function adaptersOf({ lora }: ModelForm, weights: Weights, module: string): Adapters | null {
  const stored = `${module}.weight`;
  const [firstName] = factorsOf(stored);
  const firsts = weights.parts(firstName);
  if (lora === null || firsts === null) return null;
  const parts = (weights.parts(stored) ?? []).map(({ name, rows }) => {
    const [ownFirst, ownSecond] = factorsOf(name);
    const isAdapted = firsts.some((one) => one.name === ownFirst);
    return { features: rows, second: isAdapted ? weights.tensor(ownSecond) : null };
  });
  return { lora, first: weights.tensor(firstName), parts };
}

/** y += s (x Aᵀ) Bᵀ for each part that has an adapter. */
function addAdapters(
  b: Builder,
  { x, from }: Projected,
  { lora, first, parts }: Adapters,
  y: Tensor,
): void {
  const u = linear(b, x, first, { scale: scalingOf(lora), from });
  let [column, factor] = [0, 0];
  for (const { features, second } of parts) {
    if (second !== null) {
      const target = columnsOf(y, column, features);
      linear(b, columnsOf(u, factor, lora.rank), second, { target, accumulate: true });
      factor += lora.rank;
    }
    column += features;
  }
}
