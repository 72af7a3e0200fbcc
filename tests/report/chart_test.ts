import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { episodeSvg } from "../../src/report/episode_chart.ts";
import { learningCurveSvg } from "../../src/report/learning_curve.ts";
import { ticks } from "../../src/report/svg.ts";
import { episode } from "./fixtures.ts";

/** Tags that are opened and not closed, or closed and not opened. */
function unbalanced(svg: string): Array<string> {
  const open: Array<string> = [];
  for (const [, slash, name, rest] of svg.matchAll(/<(\/?)(\w+)([^>]*)>/g)) {
    if (slash === "/") {
      if (open.pop() !== name) return [`</${name}>`];
    } else if (!rest!.endsWith("/")) open.push(name!);
  }
  return open;
}

const labels = { title: "F1 & <b>", xLabel: "updates", yLabel: "F1" };
const curve = { name: "igpo", points: [{ x: 0, y: 0.2, low: 0.1, high: 0.3 }, { x: 10, y: 0.5 }] };
const charts: Readonly<Record<string, string>> = {
  "a learning curve": learningCurveSvg({ ...labels, curves: [curve] }),
  "a chart of two curves": learningCurveSvg({
    ...labels,
    curves: [curve, { ...curve, name: "b" }],
  }),
  "a chart of one point": learningCurveSvg({
    ...labels,
    curves: [{ name: "a", points: [{ x: 1, y: 0 }] }],
  }),
  "a chart of nothing": learningCurveSvg({ ...labels, curves: [] }),
  "two charts": learningCurveSvg({ ...labels, curves: [curve] }, {
    ...labels,
    curves: Array.from({ length: 9 }, (_, i) => ({ ...curve, name: String(i) })),
  }),
  "curves that end low": learningCurveSvg({
    ...labels,
    curves: Array.from({ length: 8 }, (_, i) => ({
      name: `c${i}`,
      points: [{ x: 0, y: 1 }, { x: 1, y: i / 1000 }],
    })),
  }),
  "an episode": episodeSvg(episode),
  "an episode without turns": episodeSvg({ ...episode, turns: [] }),
};

for (const [name, svg] of Object.entries(charts)) {
  Deno.test(`the picture of ${name} is well-formed and has no broken number`, () => {
    deepStrictEqual(unbalanced(svg), []);
    ok(!/NaN|Infinity|undefined/.test(svg));
    ok(!/http(?!:\/\/www\.w3\.org\/2000\/svg)/.test(svg));
  });
}

Deno.test("charts of one picture stand below each other, and curves of one colour differ in their dashes", () => {
  const one = charts["a learning curve"]!;
  const two = charts["two charts"]!;
  const heightOf = (svg: string) => Number(/ height="(\d+)"/.exec(svg)![1]);
  strictEqual(heightOf(two), 2 * heightOf(one));
  ok(two.includes(`translate(0 ${heightOf(one)})`));
  const lines = two.match(/<polyline[^>]*>/g)!.map((line) => line.replace(/ points="[^"]*"/, ""));
  strictEqual(new Set(lines.slice(1)).size, 9);
  const names = [...charts["curves that end low"]!.matchAll(/ y="([\d.]+)"[^>]*>c\d</g)].map((
    [, y],
  ) => Number(y));
  strictEqual(names.length, 8);
  ok(Math.max(...names) <= 330 && new Set(names).size === 8);
});

Deno.test("ticks() are round and lie within the range", () => {
  deepStrictEqual(ticks(0, 0.66, 5), [0, 0.2, 0.4, 0.6]);
  deepStrictEqual(ticks(-3, 7, 5), [-2, 0, 2, 4, 6]);
});
