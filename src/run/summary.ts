import { Clock, Effect, Ref } from "effect";
import type { Summary } from "../domain/report.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { Policy } from "../policy/policy.ts";
import { episodeSvg } from "../report/episode_chart.ts";
import { type Curve, learningCurveSvg } from "../report/learning_curve.ts";
import { writeSummary } from "../report/summary.ts";
import { episodeText, summaryTable } from "../report/terminal.ts";
import type { Run } from "./run.ts";
import type { EvaluationLine } from "./record.ts";

/** Writes and shows the results of a finished run. */
export const finishRun = Effect.fnUntraced(function* (run: Run) {
  const { plan: { config, preset, folder }, screen, startedMillis } = run;
  const { recipe, seed } = config;
  const policy = yield* Policy;
  const { firstStepMillis, episode } = yield* Ref.get(run.state);
  const tests = (yield* run.record.evaluations).filter(({ split }) => split === "test");
  const reportAt = (at: number) => {
    const { step: _step, split: _split, ...report } = tests.find(({ step }) => step === at)!;
    return report;
  };
  const now = yield* Clock.currentTimeMillis;
  const summary: Summary = {
    adapter: policy.adapter.kind === "interpreter" ? "plain loops" : policy.adapter.name,
    preset: preset.name,
    recipe: recipe.name,
    seed,
    steps: recipe.steps,
    firstStepSeconds: ((firstStepMillis ?? now) - startedMillis) / 1000,
    wallSeconds: (now - startedMillis) / 1000,
    before: reportAt(0),
    after: reportAt(recipe.steps),
  };
  yield* writeSummary(folder, summary);
  yield* writeFileAtomic(
    `${folder}/curve.svg`,
    learningCurveSvg({
      title: `${preset.name}, seed ${seed}`,
      xLabel: "step",
      yLabel: "F1",
      curves: curvesOf(yield* run.record.evaluations),
    }),
  );
  if (episode !== null) {
    yield* writeFileAtomic(`${folder}/episode.svg`, episodeSvg(episode));
    yield* screen.print(`\nAn episode of the last step\n${episodeText(episode, screen)}`);
  }
  yield* screen.print(`\n${summaryTable(summary, screen)}\n\nEverything is in ${folder}`);
  return summary;
});

/** F1 on each split by steps done. */
function curvesOf(evaluations: ReadonlyArray<EvaluationLine>): ReadonlyArray<Curve> {
  return [...Map.groupBy(evaluations, ({ split }) => split)].map(([name, lines]) => ({
    name,
    points: lines.map(({ step, f1 }) => ({ x: step, y: f1 })),
  }));
}
