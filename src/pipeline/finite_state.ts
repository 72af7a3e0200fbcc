import { Effect } from "effect";
import { TrainingDiverged } from "../domain/errors.ts";
import { Learner } from "../policy/policy.ts";

/**
 * The learner's state, to be written. Updates that are not finite are never applied; should such a number get into the
 * weights all the same, this fails rather than that a checkpoint holds it.
 */
export const finiteState = Effect.gen(function* () {
  const learner = yield* Learner;
  const state = yield* learner.save();
  const moments = [...state.moments].flatMap(([name, { m, v }]) =>
    [[`m ${name}`, m], [`v ${name}`, v]] as const
  );
  for (const [name, values] of [...state.weights, ...moments]) {
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad < 0) continue;
    return yield* new TrainingDiverged({
      message: `Cannot save the model as all its numbers must be finite: number ${bad} of ` +
        `"${name}" is ${values[bad]}`,
    });
  }
  return state;
});
