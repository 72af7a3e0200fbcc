/** The controls of the training, and its curves. */
/// <reference lib="dom" />
import { h, type JSX, type TargetedEvent } from "preact";
import { useMemo } from "preact/hooks";
import { Chart } from "../page/chart.ts";
import type { PageRun } from "../page/data.ts";
import { choice } from "../page/elements.ts";
import { type CurveName, curvesOf } from "../page/series.ts";
import { type Address, RIVALS } from "./address.ts";
import type { Side } from "./app.ts";

/** What the part of the page on training needs. */
export interface TrainingProps {
  readonly sides: ReadonlyArray<Side>;
  /** Index of the colour of each preset. */
  readonly colours: ReadonlyMap<string, number>;
  readonly address: Address;
  readonly go: (change: Partial<Address>) => void;
  /** Begins again with the built-in weights. */
  readonly restart: () => void;
}

/** The metrics that show best how the two differ. */
const SHOWN: ReadonlyArray<CurveName> = ["f1", "turns", "zeroAdvantageGroups", "lastBelief"];

/** Buttons, choices, and the curves of both agents over each other. */
export function Training(props: TrainingProps): JSX.Element {
  const { sides, colours } = props;
  const curves = useMemo(() => {
    const runs = sides.map(runOf);
    return SHOWN.map((name) => curvesOf(runs, name)).filter((found) => found !== null);
  }, sides.map(({ state }) => state.reports));
  return h(
    "div",
    null,
    controls(props),
    h(
      "ul",
      { class: "sides", role: "status" },
      sides.map(({ preset, state }) =>
        h(
          "li",
          null,
          h("span", { class: `key series-${colours.get(preset)}`, "aria-hidden": "true" }),
          h("b", null, preset),
          ` ${state.words}`,
        )
      ),
    ),
    curves.length === 0 ? h("p", { class: "faint" }, HINT) : h(
      "div",
      { class: "charts" },
      curves.map((one) => h(Chart, { key: one.name, curves: one, colours, onStep: () => {} })),
    ),
  );
}

const HINT = "Train to see both agents learn from the same questions: 64 episodes a step.";

function controls({ sides, address, go, restart }: TrainingProps): JSX.Element {
  const isReady = sides.length > 0 && sides.every(({ state }) => state.ready !== null);
  const isTraining = sides.some(({ state }) => state.isTraining);
  const tell = (kind: "train" | "pause") => () => sides.forEach(({ ask }) => ask({ kind }));
  return h(
    "div",
    { class: "bar" },
    isTraining
      ? h("button", { type: "button", class: "main", onClick: tell("pause") }, "Pause")
      : h(
        "button",
        { type: "button", class: "main", disabled: !isReady, onClick: tell("train") },
        "Train",
      ),
    h("button", { type: "button", onClick: restart }, "Begin again"),
    choice({
      label: "preset",
      value: address.preset,
      options: RIVALS.map((name) => ({ value: name, text: name })),
      onChoose: (preset) => go({ preset }),
    }),
    h(
      "label",
      { class: "choice" },
      h("span", null, "seed"),
      h("input", {
        type: "number",
        min: 0,
        max: 999_999_999,
        value: address.seed,
        onChange: ({ currentTarget }: TargetedEvent<HTMLInputElement>) =>
          go({ seed: Math.max(0, Math.trunc(Number(currentTarget.value))) }),
      }),
    ),
  );
}

function runOf({ preset, state }: Side): PageRun {
  return {
    name: preset,
    series: preset,
    seed: null,
    preset: null,
    steps: state.ready?.steps ?? null,
    contextTokens: 0,
    metrics: state.reports,
    evaluations: [],
    kept: [],
    notes: [],
  };
}
