import { Effect, Result, Stream } from "effect";
import { TrainingDiverged } from "../domain/errors.ts";
import { Learner, type TokenRows } from "../policy/policy.ts";

/** A text to imitate: its tokens, and the positions whose tokens are trained. */
export type Imitation = TokenRows;

/** One batch of texts with its learning rate. */
export interface ImitationBatch {
  readonly texts: ReadonlyArray<Imitation>;
  readonly learningRate: number;
}

/** The results of a supervised update. */
export interface ImitationReport {
  readonly update: number;
  /** Mean negative log-prob of the trained tokens, nats. */
  readonly loss: number;
  readonly tokens: number;
  readonly gradientNorm: number;
}

/** Supervised learning: each batch is one update on the mean log-loss of its trained tokens. */
export const imitate =
  (clipNorm: number | null) => <E, R>(batches: Stream.Stream<ImitationBatch, E, R>) =>
    batches.pipe(Stream.mapEffect(Effect.fnUntraced(function* ({ texts, learningRate }) {
      const learner = yield* Learner;
      const count = texts.reduce((sum, text) => sum + text.position.length, 0);
      const gradient = yield* learner.gradient(texts, 1, (_, { logProb }) => ({
        loss: -logProb.reduce((sum, x) => sum + x, 0) / count,
        dLogProb: logProb.map(() => -1 / count),
        dEntropy: new Float64Array(logProb.length),
      }));
      if (Result.isFailure(gradient)) {
        return yield* new TrainingDiverged({
          message: `Cannot go on as a number was not finite: it is in ${gradient.failure.op}`,
        });
      }
      const loss = gradient.success.reduce((sum, one) => sum + one.loss, 0);
      const { gradientNorm } = yield* learner.update({ learningRate, clipNorm });
      const tokens = texts.reduce((sum, text) => sum + text.tokens.length, 0);
      return { update: learner.version(), loss, tokens, gradientNorm } satisfies ImitationReport;
    })));

/** Number of updates between two printed losses. */
const TELL_EVERY = 50;

/** Prints the mean loss every `TELL_EVERY` updates. */
export const tellImitation = (print: (line: string) => Effect.Effect<void>) =>
<E, R>(
  reports: Stream.Stream<ImitationReport, E, R>,
) =>
  Stream.mapAccumEffect(
    reports,
    () => ({ loss: 0, tokens: 0, count: 0 }),
    Effect.fnUntraced(function* (sums, report: ImitationReport) {
      const loss = sums.loss + report.loss;
      const tokens = sums.tokens + report.tokens;
      const count = sums.count + 1;
      if (count < TELL_EVERY) return [{ loss, tokens, count }, [report]] as const;
      yield* print(
        `update ${report.update}  loss ${(loss / count).toFixed(4)}  ${tokens} tokens so far`,
      );
      return [{ loss: 0, tokens, count: 0 }, [report]] as const;
    }),
  );
