import { klTerm } from "../../src/igpo/kl.ts";
import type { KlConfig } from "../../src/igpo/preset.ts";
import {
  assertKnown,
  flat,
  type GoldenRecord,
  largestMagnitude,
  matrix,
  record,
} from "./golden_dir.ts";
import type { TokenMatrix } from "./loss_cases.ts";
import { isNotOffered } from "./not_offered.ts";
import type { Family } from "./summary.ts";

/** The reference projects' names of our estimators. */
const ESTIMATORS: Readonly<Record<string, KlConfig["estimator"]>> = {
  kl: "k1",
  k1: "k1",
  abs: "abs",
  mse: "k2",
  k2: "k2",
  low_var_kl: "k3",
  k3: "k3",
};

/** Compares every estimator's values at all positions, and the gradient of their masked sum. */
export function checkKlPenalty(batch: TokenMatrix, expected: GoldenRecord, family: Family): void {
  for (const [name, value] of Object.entries(expected)) {
    if (isNotOffered("klKinds", name)) {
      family.countNotOffered();
      continue;
    }
    const estimator = Object.hasOwn(ESTIMATORS, name) ? ESTIMATORS[name] : undefined;
    if (estimator === undefined) throw new Error(`Unknown KL kind "${name}"`);
    assertKnown(Object.keys(record(value)), ["value", "grad_of_masked_sum"], "kl_penalty");
    const terms = batch.logProb.map((row, i) =>
      Array.from(row, (x, p) => klTerm(x, batch.referenceLogProb[i]![p]!, { estimator, limit: 10 }))
    );
    const values = flat(terms.map((row) => row.map((term) => term.value)));
    const slopes = flat(
      terms.map((row, i) => row.map((term, p) => term.slope * batch.mask[i]![p]!)),
    );
    for (const [got, field] of [[values, "value"], [slopes, "grad_of_masked_sum"]] as const) {
      const want = flat(matrix(record(value)[field]));
      const atol = 1e-7 * Math.max(1, largestMagnitude(want));
      family.close(got, want, { atol }, `kl ${name} ${field}`);
    }
    family.countCase();
  }
}
