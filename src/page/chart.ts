/** A chart of one metric, and the same numbers as a table. */
/// <reference lib="dom" />
import { h, type JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { print, short } from "./numbers.ts";
import type { Curves } from "./series.ts";

/** What a chart shows and what a click on it does. */
export interface ChartProps {
  readonly curves: Curves;
  /** Index of the colour of each series, by its name. */
  readonly colours: ReadonlyMap<string, number>;
  readonly onStep: (step: number) => void;
}

/** A chart with a title, the metric's formula, and a table of its numbers. */
export function Chart(props: ChartProps): JSX.Element {
  const { curves } = props;
  return h(
    "figure",
    { class: "chart" },
    h("figcaption", { title: curves.what }, h("b", null, curves.name), h("p", null, curves.what)),
    h(Plot, props),
    h("details", null, h("summary", null, "numbers"), table(curves)),
  );
}

const HEIGHT = 132;

function Plot({ curves, colours, onStep }: ChartProps): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const onStepNow = useRef(onStep);
  onStepNow.current = onStep;
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const draw = () => {
      const plot = new uPlot(optionsOf(curves, colours, element), dataOf(curves), element);
      plot.over.addEventListener("click", () => {
        const step = curves.steps[plot.cursor.idx ?? -1];
        if (step !== undefined) onStepNow.current(step);
      });
      return plot;
    };
    let plot = draw();
    const again = () => {
      plot.destroy();
      plot = draw();
    };
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", again);
    const sizes = new ResizeObserver(() => {
      if (Math.abs(plot.width - element.clientWidth) > 1) again();
    });
    sizes.observe(element);
    return () => {
      scheme.removeEventListener("change", again);
      sizes.disconnect();
      plot.destroy();
    };
  }, [curves, colours]);
  return h("div", { class: "plot", ref: host, "aria-hidden": "true" });
}

function dataOf({ steps, curves }: Curves): uPlot.AlignedData {
  return [
    [...steps],
    ...curves.flatMap(({ mean, low, high }) => [[...high], [...low], [...mean]]),
  ];
}

function optionsOf(
  { curves }: Curves,
  colours: ReadonlyMap<string, number>,
  element: HTMLElement,
): uPlot.Options {
  const style = getComputedStyle(element);
  const colourOf = (series: string) =>
    style.getPropertyValue(`--series-${colours.get(series) ?? 0}`).trim();
  const axis: uPlot.Axis = {
    stroke: style.getPropertyValue("--faint").trim(),
    grid: { stroke: style.getPropertyValue("--line").trim(), width: 1 },
    ticks: { show: false },
    font: "11px system-ui, sans-serif",
  };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    scales: { x: { time: false }, y: { range: rangeOf } },
    axes: [{ ...axis, size: 22, space: 60 }, {
      ...axis,
      size: 52,
      space: 28,
      values: (_, values) => values.map(short),
    }],
    legend: { show: false },
    cursor: { sync: { key: "step" }, y: false, points: { size: 6 } },
    series: [
      {},
      ...curves.flatMap(({ series, runs }): Array<uPlot.Series> => [
        // The interval of two runs is so wide that nothing else would be seen: the picture's edge cuts it.
        { width: 0, points: { show: false }, auto: runs > 2 },
        { width: 0, points: { show: false }, auto: runs > 2 },
        { stroke: colourOf(series), width: 1.5, points: { size: 4 }, spanGaps: true },
      ]),
    ],
    bands: curves.map(({ series }, i): uPlot.Band => ({
      series: [3 * i + 1, 3 * i + 2],
      fill: `color-mix(in srgb, ${colourOf(series)} 18%, transparent)`,
    })),
    hooks: { setCursor: [(plot) => tell(plot, curves.map((one) => one.series))] },
  };
}

/** The range of an axis: some room around the values, and a sensible one around a single value. */
function rangeOf(_: uPlot, low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 1];
  const room = low === high ? Math.max(0.5, Math.abs(low)) : 0.08 * (high - low);
  return [low - room, high + room];
}

/** Says the numbers under the cursor in the chart's title. */
function tell(plot: uPlot, names: ReadonlyArray<string>): void {
  const figure = plot.root.closest("figure");
  const words = figure?.querySelector("figcaption p");
  if (words === null || words === undefined) return;
  const index = plot.cursor.idx;
  const said = index === null || index === undefined
    ? figure?.querySelector("figcaption")?.getAttribute("title") ?? ""
    : [
      `step ${plot.data[0][index]}`,
      ...names.map((name, i) => {
        const value = plot.data[3 * i + 3]?.[index];
        return names.length === 1 ? print(value) : `${name} ${print(value)}`;
      }),
    ].join(" · ");
  words.textContent = said;
}

function table({ steps, curves }: Curves): JSX.Element {
  return h(
    "div",
    { class: "scroll" },
    h(
      "table",
      { class: "numbers" },
      h(
        "thead",
        null,
        h("tr", null, h("th", null, "step"), curves.map(({ series }) => h("th", null, series))),
      ),
      h(
        "tbody",
        null,
        steps.map((step, i) =>
          h(
            "tr",
            null,
            h("th", { scope: "row" }, step),
            curves.map(({ mean, low, high }) => {
              const band = low[i] === null || low[i] === undefined
                ? ""
                : ` [${print(low[i])}, ${print(high[i])}]`;
              return h("td", null, print(mean[i]) + band);
            }),
          )
        ),
      ),
    ),
  );
}
