import { Clock, Effect, Ref } from "effect";
import type { Summary } from "../domain/report.ts";
import { inBytes } from "../domain/bytes.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { type KeptStep, listEpisodes } from "../files/run_episodes.ts";
import { Policy } from "../policy/policy.ts";
import { type Curve, learningCurveSvg } from "../report/learning_curve.ts";
import { writeSummary } from "../report/summary.ts";
import { episodeText, summaryTable } from "../report/terminal.ts";
import type { Run } from "./run.ts";
import type { EvaluationLine } from "./record.ts";
import { callsLine } from "../search/meter.ts";

/** Writes and shows the results of a finished run. */
export const finishRun = Effect.fnUntraced(function* (run: Run) {
  const { plan: { config, preset, folder }, screen, startedMillis } = run;
  const { recipe, seed } = config;
  const policy = yield* Policy;
  const { firstStepMillis, episode } = yield* Ref.get(run.state);
  const evaluations = yield* run.record.evaluations;
  yield* run.record.sync;
  const now = yield* Clock.currentTimeMillis;
  const summary: Summary = {
    adapter: policy.adapter.kind === "interpreter" ? "plain loops" : policy.adapter.name,
    preset: preset.name,
    recipe: recipe.name,
    seed,
    steps: recipe.steps,
    firstStepSeconds: ((firstStepMillis ?? now) - startedMillis) / 1000,
    wallSeconds: (now - startedMillis) / 1000,
    before: testReport(evaluations, 0),
    after: testReport(evaluations, recipe.steps),
  };
  yield* writeSummary(folder, summary);
  yield* writeFileAtomic(
    `${folder}/curve.svg`,
    learningCurveSvg({
      title: `${preset.name}, seed ${seed}`,
      xLabel: "step",
      yLabel: "F1",
      curves: curvesOf(evaluations),
    }),
  );
  if (episode !== null) {
    yield* screen.print(`\nAn episode of the last step\n${episodeText(episode, screen)}`);
  }
  const { meter } = run.task;
  const search = meter === null ? "" : `${callsLine(meter)}\n`;
  const table = summaryTable(summary, screen);
  const kept = episodesLine(yield* listEpisodes(folder));
  yield* screen.print(`\n${table}\n\n${search}Everything is in ${folder}${kept}`);
  return summary;
});

/** How many steps' episodes are kept, and what they take. */
function episodesLine(kept: ReadonlyArray<KeptStep>): string {
  if (kept.length === 0) return "";
  const bytes = inBytes(kept.reduce((sum, one) => sum + one.bytes, 0));
  return `, with the episodes of ${kept.length} steps (${bytes}): ./igpo view shows them`;
}

/** The evaluation of the test questions after some steps. */
function testReport(evaluations: ReadonlyArray<EvaluationLine>, at: number) {
  const found = evaluations.find(({ split, step }) => split === "test" && step === at);
  const { step: _step, split: _split, ...report } = found!;
  return report;
}

/** F1 on each split by steps done. */
function curvesOf(evaluations: ReadonlyArray<EvaluationLine>): ReadonlyArray<Curve> {
  return [...Map.groupBy(evaluations, ({ split }) => split)].map(([name, lines]) => ({
    name,
    points: lines.map(({ step, f1 }) => ({ x: step, y: f1 })),
  }));
}
