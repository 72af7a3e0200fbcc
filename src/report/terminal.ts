import type {
  EpisodeView,
  EvaluationReport,
  KindReport,
  StepReport,
  Summary,
  TurnView,
} from "../domain/report.ts";
import { bar, duration, fit, signed, type Style, styleFor, wrap } from "./style.ts";

/** How wide text may get, and whether it has colours. */
export interface TextOptions {
  readonly columns: number;
  readonly hasColor: boolean;
}

/** The phase that a step is in, and how many of its units are done. */
export interface Progress {
  readonly step: number;
  readonly steps: number;
  readonly phase: "rollout" | "score" | "update" | "evaluate";
  readonly done: number;
  readonly total: number;
  readonly unit: string;
}

/** `step 12/60  rollout   ███████▌            32/64 episodes`. */
export function progressLine({ step, steps, phase, done, total, unit }: Progress): string {
  return `${stepOf(step, steps)}  ${phase.padEnd(8)}  ${
    bar(done, total)
  }  ${done}/${total} ${unit}`;
}

/** What a program shows while it waits for the driver to compile kernels. The driver caches them on disk. */
export function kernelLine(count: number): string {
  return `preparing kernels for this adapter: ${count}`;
}

/** One line a step: training F1, outcome, turns, gain, gradient, time. */
export function stepLine(report: StepReport, steps: number): string {
  return [
    stepOf(report.step, steps),
    `F1 ${report.f1.toFixed(2)}`,
    `outcome ${signed(report.outcome)}`,
    `turns ${report.turns.toFixed(2)}`,
    `gain ${report.gain === null ? "–" : signed(report.gain)}`,
    `grad ${report.gradientNorm.toFixed(2)}`,
    duration(report.seconds),
  ].join("  ");
}

/** `step 12: log-probs of what sampled it are up to 2.1e-5 nats from the trainer's`. */
export function gapLine({ step, logProbGap }: StepReport): string {
  const gap = logProbGap.toExponential(1);
  return `step ${step}: log-probs of what sampled it are up to ${gap} nats from the trainer's`;
}

/** `F1 0.66  EM 0.60  turns 3.00  invalid 1 %  200 questions`. */
export function evaluationLine(report: EvaluationReport): string {
  return [
    `F1 ${report.f1.toFixed(3)}`,
    `EM ${report.em.toFixed(3)}`,
    `turns ${report.meanTurns.toFixed(2)}`,
    `invalid ${(100 * report.invalidRate).toFixed(0)} %`,
    `${report.count} questions`,
  ].join("  ");
}

/** Test results before and after training, by kind of question, and the time of the run. */
export function summaryTable(summary: Summary, options: TextOptions): string {
  const { before, after } = summary;
  const style = styleFor(options);
  const kinds = Object.keys(after.byKind).sort();
  const rows = kinds.map((kind) =>
    tableRow(kind, { before: before.byKind[kind], after: after.byKind[kind], style })
  );
  const { steps, seed, preset, recipe, adapter } = summary;
  return [
    style.bold(`${preset}, recipe ${recipe}, seed ${seed}: ${steps} steps on ${adapter}`),
    `first step after ${duration(summary.firstStepSeconds)}, all in ${
      duration(summary.wallSeconds)
    }`,
    "",
    style.dim(`${"".padEnd(NAME_WIDTH + 8)}before           after            change`),
    style.dim(`${"questions".padEnd(NAME_WIDTH)}     n  F1     EM        F1     EM        F1`),
    ...rows,
    tableRow("all", { before, after, style }),
  ].join("\n");
}

const NAME_WIDTH = 14;

interface Comparison {
  readonly before: KindReport | undefined;
  readonly after: KindReport | undefined;
  readonly style: Style;
}

function tableRow(name: string, { before, after, style }: Comparison): string {
  const pair = (report: KindReport | undefined) =>
    report === undefined ? "–      –    " : `${report.f1.toFixed(3)}  ${report.em.toFixed(3)}`;
  const change = before === undefined || after === undefined ? null : after.f1 - before.f1;
  const paint = change === null || change === 0 ? style.dim : change > 0 ? style.good : style.bad;
  return [
    fit(name, NAME_WIDTH).padEnd(NAME_WIDTH),
    String((after ?? before)?.count ?? 0).padStart(6),
    `  ${pair(before)}`,
    `     ${pair(after)}`,
    `     ${change === null ? "–" : paint(signed(change, 3))}`,
  ].join("");
}

/** An episode turn by turn: thought, query and results, then belief, gain and advantage. */
export function episodeText(episode: EpisodeView, options: TextOptions): string {
  const style = styleFor(options);
  const room = Math.max(20, options.columns - LABEL_WIDTH);
  const line = (label: string, text: string) =>
    `${style.dim(label.padEnd(LABEL_WIDTH))}${fit(text, room)}`;
  return [
    ...wrap(`${episode.question} (${episode.kind})`, room)
      .map((part, index) => line(index === 0 ? "question" : "", part)),
    line("gold", episode.gold),
    line("belief", `${episode.firstBelief.toFixed(2)} nats a token before the first turn`),
    ...episode.turns.flatMap((turn, index) => [
      style.bold(`turn ${index + 1}`),
      ...turnLines(turn, { line, style }),
    ]),
    line("outcome", `${signed(episode.outcome)}, F1 ${episode.f1.toFixed(2)}`),
  ].join("\n");
}

const LABEL_WIDTH = 11;

interface Layout {
  readonly line: (label: string, text: string) => string;
  readonly style: Style;
}

function turnLines(turn: TurnView, { line, style }: Layout): Array<string> {
  const paint = (value: number) => (value < 0 ? style.bad : style.good)(signed(value));
  const worth = [
    ...(turn.belief === null ? [] : [`belief ${turn.belief.toFixed(2)}`]),
    ...(turn.gain === null ? [] : [`gain ${paint(turn.gain)}`]),
    `advantage ${paint(turn.advantage)}`,
  ];
  return [
    ...(turn.thought.trim() === "" ? [] : [line("  think", turn.thought)]),
    line(turn.isAnswer ? "  answer" : "  search", turn.said),
    ...turn.found.map((found) => line("  found", found)),
    `${style.dim("  worth".padEnd(LABEL_WIDTH))}${worth.join("  ")}`,
  ];
}

function stepOf(step: number, steps: number): string {
  return `step ${String(step).padStart(String(steps).length)}/${steps}`;
}
