import { tokenWeights } from "../../src/igpo/aggregation.ts";
import type { Aggregation } from "../../src/igpo/preset.ts";
import { type Objective, surrogate, type SurrogateResult } from "../../src/igpo/surrogate.ts";
import { type GoldenRecord, matrix } from "./golden_dir.ts";

type Rows = ReadonlyArray<Float64Array>;

/** Names of the aggregation modes, which are the reference projects' own. */
const AGGREGATIONS: ReadonlyArray<Aggregation> = [
  "token-mean",
  "seq-mean-token-mean",
  "seq-mean-token-sum",
  "seq-mean-token-sum-norm",
];

export function aggregationOf(name: unknown): Aggregation {
  const found = AGGREGATIONS.find((mode) => mode === name);
  if (found === undefined) throw new Error(`Unknown aggregation "${name}"`);
  return found;
}

/** A padded batch of token log-probs as the reference projects take it, all [B] (T). */
export interface TokenMatrix {
  readonly logProb: Rows;
  readonly behaviourLogProb: Rows;
  readonly referenceLogProb: Rows;
  readonly advantage: Rows;
  readonly mask: Rows;
  /** Factors on the token losses, or null. */
  readonly factor: Rows | null;
}

export function tokenMatrix(goldenCase: GoldenRecord): TokenMatrix {
  return {
    logProb: matrix(goldenCase.log_prob),
    behaviourLogProb: matrix(goldenCase.old_log_prob),
    referenceLogProb: matrix(goldenCase.ref_log_prob),
    advantage: matrix(goldenCase.advantages),
    mask: matrix(goldenCase.mask),
    factor: "is_weights" in goldenCase ? matrix(goldenCase.is_weights) : null,
  };
}

/** A loss, its gradient as a padded matrix, and the results of each row. */
export interface MatrixLoss {
  readonly loss: number;
  readonly grad: Rows;
  readonly rows: ReadonlyArray<SurrogateResult>;
}

/** Runs the surrogate on the masked tokens of each row. */
export function matrixLoss(
  batch: TokenMatrix,
  objective: Objective,
  weights: Float64Array,
): MatrixLoss {
  const rows = batch.mask.map((mask, i) => {
    const pick = (source: Rows) => source[i]!.filter((_, p) => mask[p] !== 0);
    const logProb = pick(batch.logProb);
    return surrogate(
      {
        turn: new Uint32Array(logProb.length),
        advantage: pick(batch.advantage),
        weight: logProb.map((_, p) => weights[i]! * (batch.factor ? pick(batch.factor)[p]! : 1)),
        clipScale: logProb.map(() => 1),
        behaviourLogProb: pick(batch.behaviourLogProb),
        referenceLogProb: objective.kl.coefficient === 0 ? null : pick(batch.referenceLogProb),
        importanceWeight: null,
      },
      { logProb, entropy: null },
      objective,
    );
  });
  return {
    loss: rows.reduce((sum, row) => sum + row.loss, 0),
    grad: batch.mask.map((mask, i) => spread(rows[i]!.dLogProb, mask)),
    rows,
  };
}

/** Weights of the rows; `countEmpty` counts rows without tokens as sequences, as IGPO's torch does. */
export function rowWeights(
  batch: TokenMatrix,
  aggregation: Aggregation,
  { countEmpty = false, length = batch.mask[0]!.length } = {},
): Float64Array {
  const lengths = tokenCounts(batch);
  return tokenWeights(lengths, aggregation, {
    length,
    ...(countEmpty ? { sequences: lengths.length } : {}),
  });
}

export function tokenCounts(batch: TokenMatrix): Float64Array {
  return Float64Array.from(batch.mask, (row) => row.reduce((sum, m) => sum + m, 0));
}

/** Mean over the masked tokens of f(behaviour - current log-prob): verl's `ppo_kl`. */
export function meanLogRatio(batch: TokenMatrix): number {
  let sum = 0;
  let count = 0;
  batch.mask.forEach((mask, i) =>
    mask.forEach((m, p) => {
      sum += m * (batch.behaviourLogProb[i]![p]! - batch.logProb[i]![p]!);
      count += m;
    })
  );
  return count === 0 ? 0 : sum / count;
}

function spread(values: Float64Array, mask: Float64Array): Float64Array {
  let next = 0;
  return mask.map((m) => m === 0 ? 0 : values[next++]!);
}
