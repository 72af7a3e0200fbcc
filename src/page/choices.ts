/** What the view of episodes can be told to show. */
import { h, type JSX } from "preact";
import type { PageData, PageRun } from "./data.ts";
import { choice } from "./elements.ts";
import { type Measure, MEASURES, type Route } from "./route.ts";

/** What is shown, and how to show something else. */
export interface ChoicesProps {
  readonly data: PageData;
  readonly route: Route;
  readonly go: (change: Partial<Route>) => void;
}

/** The choices above the episodes of a step. */
export function choices({ data, route, go }: ChoicesProps, step: number | null): JSX.Element {
  const shown = { runs: data.runs, run: route.run, step };
  return h(
    "div",
    { class: "bar" },
    stepChoices({ ...shown, go: (run, step) => go({ run, step, episode: null }) }),
    measureChoice(route.by, go),
    presetChoice(data, route, go),
    besideChoice({ data, route, step, go }),
  );
}

interface StepChoices {
  readonly runs: ReadonlyArray<PageRun>;
  readonly run: number;
  readonly step: number | null;
  readonly go: (run: number, step: number | null) => void;
}

function stepChoices(
  { runs, run, step, go }: StepChoices,
): ReadonlyArray<JSX.Element | null> {
  const kept = runs[run]?.kept ?? [];
  const at = kept.findIndex((one) => one.step === step);
  const turnTo = (by: number, name: string) => {
    const next = kept[at + by];
    return h("button", {
      type: "button",
      disabled: next === undefined,
      "aria-label": `${name} step`,
      onClick: () => next === undefined ? undefined : go(run, next.step),
    }, by < 0 ? "‹" : "›");
  };
  return [
    runs.length < 2 ? null : choice({
      label: "run",
      value: String(run),
      options: runs.map(({ name }, i) => ({ value: String(i), text: name })),
      onChoose: (value) => go(Number(value), null),
    }),
    choice({
      label: "step",
      value: String(step ?? ""),
      options: kept.map((one) => ({ value: String(one.step), text: String(one.step) })),
      onChoose: (value) => go(run, Number(value)),
    }),
    turnTo(-1, "previous"),
    turnTo(1, "next"),
  ];
}

/** What the colours of cells can stand for. */
export const MEASURE_NAMES = {
  gain: "gain",
  normalised: "normalised gain",
  advantage: "advantage",
} as const satisfies Readonly<Record<Measure, string>>;

function measureChoice(by: Measure, go: ChoicesProps["go"]): JSX.Element {
  return choice({
    label: "colour by",
    value: by,
    options: MEASURES.map((value) => ({ value, text: MEASURE_NAMES[value] })),
    onChoose: (value) => go({ by: MEASURES.find((name) => name === value) ?? "gain" }),
  });
}

function presetChoice(
  { runs, presets }: PageData,
  route: Route,
  go: ChoicesProps["go"],
): JSX.Element {
  const own = runs[route.run]?.preset?.name;
  return choice({
    label: "preset",
    value: route.preset ?? "",
    options: [
      { value: "", text: own === undefined ? "as recorded" : `${own}, the run's own` },
      ...presets.map(({ name }) => ({ value: name, text: name })),
    ],
    onChoose: (value) => go({ preset: value === "" ? null : value }),
  });
}

function besideChoice(
  { data: { runs }, route, step, go }: Pick<ChoicesProps, "data" | "route" | "go"> & {
    readonly step: number | null;
  },
): ReadonlyArray<JSX.Element | null> {
  const { besideRun } = route;
  const open = choice({
    label: "beside it",
    value: besideRun === null ? "" : String(besideRun),
    options: [
      { value: "", text: "nothing" },
      ...runs.map(({ name }, i) => ({ value: String(i), text: name })),
    ],
    onChoose: (value) =>
      go(
        value === ""
          ? { besideRun: null, besideStep: null }
          : { besideRun: Number(value), besideStep: step },
      ),
  });
  if (besideRun === null) return [open];
  const kept = runs[besideRun]?.kept ?? [];
  return [
    open,
    choice({
      label: "its step",
      value: String(route.besideStep ?? kept.at(-1)?.step ?? ""),
      options: kept.map((one) => ({ value: String(one.step), text: String(one.step) })),
      onChoose: (value) => go({ besideStep: Number(value) }),
    }),
  ];
}
