import { Effect, FiberSet, Ref } from "effect";
import type { LawResult, LawVerdict } from "../domain/reward_check.ts";
import type { Law, LawCase, LawContext } from "./laws.ts";
import type { RewardFailed } from "./reward.ts";

/** fast-check, which only this program loads. */
type FastCheck = typeof import("fast-check");

/** How laws are tried. */
export interface LawOptions extends LawContext {
  /** Cases of each law. */
  readonly cases: number;
  readonly seed: number;
  /** Names of edits that the reward is meant to tell apart. */
  readonly intended: ReadonlyArray<string>;
}

/**
 * Tries a law on drawn cases and makes a case that breaks it as small as it can. Fails where the reward can be asked
 * nothing more.
 */
export const tryLaw = Effect.fn("tryLaw")(
  function* (law: Law, { cases, seed, intended, ...context }: LawOptions) {
    const fc: FastCheck = yield* Effect.promise(() => import("fast-check"));
    const run = yield* FiberSet.makeRuntimePromise<never, boolean, never>();
    const broken = yield* Ref.make<string | null>(null);
    const over = yield* Ref.make<RewardFailed | null>(null);
    const isKept = Effect.fnUntraced(function* (one: LawCase) {
      const found = yield* law.check(one, context).pipe(
        Effect.catch((failure) =>
          Effect.as(failure.isOver ? Ref.set(over, failure) : Effect.void, failure.message)
        ),
      );
      // Each failing case is smaller than the one before it.
      if (found !== null) yield* Ref.set(broken, found);
      return found === null;
    });
    const property = fc.asyncProperty(drawnCase(fc), (one) => run(isKept(one)));
    const { failed, numRuns } = yield* Effect.promise(() =>
      fc.check(property, { numRuns: cases, seed })
    );
    const ended = yield* Ref.get(over);
    if (ended !== null) return yield* ended;
    return {
      law: law.name,
      says: law.says,
      verdict: verdictOn(law, { failed, intended }),
      cases: numRuns,
      counterexample: yield* Ref.get(broken),
    } satisfies LawResult;
  },
  Effect.scoped,
);

function verdictOn(
  { name, isEdit }: Law,
  { failed, intended }: Pick<LawOptions, "intended"> & { readonly failed: boolean },
): LawVerdict {
  if (!failed) return "kept";
  if (!isEdit) return "broken";
  return intended.includes(name) ? "intended" : "note";
}

/** Words of several scripts; what is drawn shrinks towards the first. */
const WORDS = ["Ada", "New", "York", "1851", "Café", "U.S.", "Δέλτα", "東京", "x-y", "Ⅳ"];

/** What an answer is; gold ones are drawn often, since most edits change nothing about others. */
const KINDS = ["gold", "gold", "gold", "part", "more", "other", "nothing"] as const;

/** One to three gold answers with an answer that is one of them, part of one, more than one, or none. */
function drawnCase(fc: FastCheck) {
  const phrase = fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 3 })
    .map((words) => words.join(" "));
  return fc.record({
    golds: fc.uniqueArray(phrase, { minLength: 1, maxLength: 3 }),
    kind: fc.constantFrom(...KINDS),
    other: phrase,
    place: fc.nat({ max: 2 }),
  }).map(({ golds, kind, other, place }): LawCase => {
    const gold = golds[place % golds.length]!;
    const answers: Readonly<Record<typeof kind, string>> = {
      gold,
      part: gold.split(" ")[0]!,
      more: `${gold} ${other}`,
      other,
      nothing: "",
    };
    return { golds, answer: answers[kind] };
  });
}
