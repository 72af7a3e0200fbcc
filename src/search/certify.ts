import { Effect, Result } from "effect";
import { BadInput } from "../domain/errors.ts";
import type { Certificate, LabelledShare, Verdict } from "../domain/judge.ts";
import { wilson } from "../math/intervals.ts";
import type { Judge, TellJudged } from "./judge.ts";
import { JUDGE_ITEMS } from "./judge_items.ts";

/** How a judge does on the labelled answers of the repository. Fails where it gives none on a whole label, or cannot be asked. */
export const certifyJudge = Effect.fn("certifyJudge")(function* (judge: Judge, tell: TellJudged) {
  const [first] = yield* judge(JUDGE_ITEMS.slice(0, 1), tell);
  // A dead endpoint is not asked again for each of them.
  if (Result.isFailure(first!) && first.failure._tag === "SearchFailed") {
    return yield* refused(first.failure);
  }
  const verdicts = yield* judge(JUDGE_ITEMS, tell);
  const sensitivity = agreement(verdicts, { isCorrect: true });
  const specificity = agreement(verdicts, { isCorrect: false });
  const failure = verdicts.find(Result.isFailure)?.failure;
  if (failure !== undefined && Math.min(sensitivity.count, specificity.count) === 0) {
    return yield* refused(failure);
  }
  return { sensitivity, specificity } satisfies Certificate;
});

function refused({ message }: { readonly message: string }): BadInput {
  return new BadInput({
    message: `Cannot judge as the judge must give verdicts on labelled answers: ${message}`,
  });
}

/** Share of the answers with this label that have a verdict and are judged so. */
function agreement(
  verdicts: ReadonlyArray<Verdict>,
  { isCorrect }: { readonly isCorrect: boolean },
): LabelledShare {
  const given = verdicts.flatMap((verdict, i) =>
    JUDGE_ITEMS[i]!.isCorrect === isCorrect && Result.isSuccess(verdict) ? [verdict.success] : []
  );
  const agreed = given.filter((one) => one === isCorrect).length;
  const count = given.length;
  return { share: agreed / count, interval: wilson(agreed, count), count };
}
