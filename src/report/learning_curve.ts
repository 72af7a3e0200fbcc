import { element, FAINT_INK, GRID, label, picture, SERIES_COLORS, ticks } from "./svg.ts";

/** A point of a curve; `low` and `high` bound the band around it. */
export interface CurvePoint {
  readonly x: number;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
}

/** A named curve with its points in ascending order of x. */
export interface Curve {
  readonly name: string;
  readonly points: ReadonlyArray<CurvePoint>;
}

/** A chart of curves and its labels. */
export interface CurveChart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly curves: ReadonlyArray<Curve>;
}

const WIDTH = 680;
const HEIGHT = 380;
const PLOT = { left: 58, right: 540, top: 48, bottom: 326 };

/**
 * Curves with their bands as a self-contained SVG picture, one chart below the other; names stand at the ends of the
 * curves.
 */
export function learningCurveSvg(...charts: ReadonlyArray<CurveChart>): string {
  const title = charts.map((chart) => chart.title).join("; ");
  const parts = charts.map((chart, index) =>
    element("g", { transform: `translate(0 ${index * HEIGHT})` }, chartOf(chart).join("\n"))
  );
  return picture({ width: WIDTH, height: HEIGHT * charts.length, title }, parts);
}

function chartOf(chart: CurveChart): ReadonlyArray<string> {
  const scales = scalesFor(chart.curves);
  return [
    label(chart.title, { x: PLOT.left, y: 26, "font-size": 15, "font-weight": 600 }),
    ...axes(chart, scales),
    ...chart.curves.map((curve, index) => bandOf(curve, scales, colorOf(index))),
    ...chart.curves.map((curve, index) => lineOf(curve, scales, index)),
    ...namesOf(chart.curves, scales),
  ];
}

/** Functions from values to pixels, and the values that the axes show. */
interface Scales {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  readonly xTicks: ReadonlyArray<number>;
  readonly yTicks: ReadonlyArray<number>;
}

function scalesFor(curves: ReadonlyArray<Curve>): Scales {
  const points = curves.flatMap((curve) => curve.points);
  const xs = points.map((point) => point.x);
  const ys = points.flatMap(({ y, low = y, high = y }) => [low, high]).filter(Number.isFinite);
  const [xLow, xHigh] = spanOf(xs);
  const [yMin, yMax] = spanOf(ys);
  // Values that are never negative are shown from zero, so that the picture does not exaggerate.
  const base = yMin >= 0 && yMin < yMax ? 0 : yMin;
  const step = ticks(base, yMax, 5);
  const unit = (step[1] ?? 1) - (step[0] ?? 0);
  const yLow = Math.floor(base / unit + 1e-9) * unit;
  const yHigh = Math.ceil(yMax / unit - 1e-9) * unit;
  const width = PLOT.right - PLOT.left;
  const height = PLOT.bottom - PLOT.top;
  return {
    x: (value) => PLOT.left + width * (value - xLow) / (xHigh - xLow),
    y: (value) => PLOT.bottom - height * (value - yLow) / (yHigh - yLow),
    xTicks: ticks(xLow, xHigh, 8),
    yTicks: ticks(yLow, yHigh, 6),
  };
}

/** Smallest and largest value; one apart where they are equal, 0 and 1 where there are none. */
function spanOf(values: ReadonlyArray<number>): readonly [number, number] {
  if (values.length === 0) return [0, 1];
  const low = values.reduce((least, value) => Math.min(least, value));
  const high = values.reduce((most, value) => Math.max(most, value));
  return low === high ? [low, low + 1] : [low, high];
}

function axes({ xLabel, yLabel }: CurveChart, { x, y, xTicks, yTicks }: Scales): Array<string> {
  return [
    ...yTicks.flatMap((tick) => [
      element("line", { x1: PLOT.left, x2: PLOT.right, y1: y(tick), y2: y(tick), stroke: GRID }),
      label(String(tick), {
        x: PLOT.left - 8,
        y: y(tick) + 4,
        "text-anchor": "end",
        fill: FAINT_INK,
      }),
    ]),
    ...xTicks.map((tick) =>
      label(String(tick), {
        x: x(tick),
        y: PLOT.bottom + 20,
        "text-anchor": "middle",
        fill: FAINT_INK,
      })
    ),
    label(xLabel, {
      x: (PLOT.left + PLOT.right) / 2,
      y: PLOT.bottom + 42,
      "text-anchor": "middle",
    }),
    label(yLabel, {
      x: 18,
      y: (PLOT.top + PLOT.bottom) / 2,
      "text-anchor": "middle",
      transform: `rotate(-90 18 ${(PLOT.top + PLOT.bottom) / 2})`,
    }),
  ];
}

function bandOf({ points }: Curve, { x, y }: Scales, fill: string): string {
  const banded = points.filter(({ low, high }) => low !== undefined && high !== undefined);
  if (banded.length < 2) return "";
  const upper = banded.map((point) => `${pixel(x(point.x))},${pixel(y(point.high ?? point.y))}`);
  const lower = banded.map((point) => `${pixel(x(point.x))},${pixel(y(point.low ?? point.y))}`);
  const outline = [...upper, ...lower.reverse()].join(" ");
  return element("polygon", { points: outline, fill, opacity: 0.14 });
}

function lineOf({ points }: Curve, { x, y }: Scales, index: number): string {
  const stroke = colorOf(index);
  const path = points.map((point) => `${pixel(x(point.x))},${pixel(y(point.y))}`).join(" ");
  const dots = points.length > 30
    ? []
    : points.map((point) =>
      element("circle", { cx: x(point.x), cy: y(point.y), r: 2.6, fill: stroke })
    );
  const line = { points: path, fill: "none", stroke, "stroke-width": 2.2 };
  // Where there are more curves than colours, those of one colour differ in their dashes.
  const dashes = index < SERIES_COLORS.length ? {} : { "stroke-dasharray": "6 4" };
  return element("polyline", { ...line, "stroke-linejoin": "round", ...dashes }) + dots.join("");
}

const NAME_HEIGHT = 17;

/** Names at the ends of their curves, pushed apart where these are close, but never below the plot. */
function namesOf(curves: ReadonlyArray<Curve>, { x, y }: Scales): Array<string> {
  const ends = curves.flatMap(({ name, points }, index) => {
    const end = points.at(-1);
    return end === undefined ? [] : [{ name, index, x: x(end.x), y: y(end.y) }];
  }).sort((a, b) => a.y - b.y);
  let lowest = -Infinity;
  const pushed = ends.map((end) => lowest = Math.max(end.y, lowest + NAME_HEIGHT));
  return ends.map(({ name, index, ...end }, i) => {
    const room = PLOT.bottom - (ends.length - 1 - i) * NAME_HEIGHT;
    return label(name, {
      x: end.x + 9,
      y: Math.min(pushed[i]!, room) + 4,
      fill: colorOf(index),
      "font-weight": 600,
    });
  });
}

const colorOf = (index: number) => SERIES_COLORS[index % SERIES_COLORS.length] ?? FAINT_INK;

const pixel = (value: number) => value.toFixed(1);
