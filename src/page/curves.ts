/** The view of all metrics over the steps of all runs. */
import { h, type JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { Chart } from "./chart.ts";
import type { PageRun } from "./data.ts";
import { CURVE_NAMES, type CurveName, curvesOf, splitsOf } from "./series.ts";

/** The metrics that tell most of a run; the others are one click away. */
const FIRST: ReadonlyArray<CurveName> = [
  "f1",
  "invalidRate",
  "turns",
  "gain",
  "lastBelief",
  "searchAdvantage",
  "answerAdvantage",
  "zeroAdvantageGroups",
  "entropy",
  "ppoKl",
  "gradientNorm",
];

/** What the view needs. */
export interface CurvesProps {
  readonly runs: ReadonlyArray<PageRun>;
  readonly colours: ReadonlyMap<string, number>;
  readonly onStep: (step: number) => void;
}

/** Charts of all metrics: means over seeds with bands, runs over each other. */
export function CurvesView({ runs, colours, onStep }: CurvesProps): JSX.Element {
  const [extent, setExtent] = useState<Extent>("first");
  const found = useMemo(() => {
    const evaluated = splitsOf(runs).map((split): CurveName => `${split} f1`);
    const names = [...evaluated, ...(extent === "all" ? CURVE_NAMES : FIRST)];
    return names.map((name) => curvesOf(runs, name)).filter((curves) => curves !== null);
  }, [runs, extent]);
  if (found.length === 0) {
    return h("p", { class: "empty" }, "No step is finished yet: there are no curves to show");
  }
  return h(
    "section",
    { "aria-label": "Curves" },
    h(
      "div",
      { class: "bar" },
      extentChoice(extent, setExtent),
      h("span", { class: "faint" }, HINT),
    ),
    h(
      "div",
      { class: "charts" },
      found.map((curves) => h(Chart, { key: curves.name, curves, colours, onStep })),
    ),
  );
}

/** Whether all metrics are shown, or those that tell most. */
type Extent = "first" | "all";

const HINT = "Bands: 95 % over seeds. A click opens the episodes of a step.";

function extentChoice(extent: Extent, setExtent: (extent: Extent) => void): JSX.Element {
  const checked = extent === "all";
  return h(
    "label",
    { class: "choice" },
    h("input", {
      type: "checkbox",
      checked,
      onChange: () => setExtent(checked ? "first" : "all"),
    }),
    h("span", null, "all metrics"),
  );
}
