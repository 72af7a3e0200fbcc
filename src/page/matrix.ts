/** A group as a matrix: rollouts by turns. */
/// <reference lib="dom" />
import { h, type JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { StepCredit } from "./credit.ts";
import type { PageEpisode } from "./data.ts";
import { tint } from "./elements.ts";
import { print, signed } from "./numbers.ts";
import type { Measure } from "./route.ts";

/** The number of each turn of an episode. */
export type Values = ReadonlyMap<string, ReadonlyArray<number | null>>;

/** The numbers of a step's turns: as the run recorded them, or as they are under the preset of `credit`. */
export function valuesOf(
  records: ReadonlyArray<PageEpisode>,
  by: Measure,
  credit: StepCredit | null,
): Values {
  if (credit === null) {
    return new Map(records.map(({ id, turns }) => [id, turns.map((turn) => turn[by])]));
  }
  const { groups, stages } = credit;
  return new Map(groups.flatMap((group, g) =>
    group.map(({ record, rewards }, i) => {
      const gains = credit.preset.gain.measure === "none" ? [] : [...rewards.gain];
      const found = by === "gain"
        ? record.turns.map((_, t) => gains[t] ?? null)
        : by === "normalised"
        ? [...stages.normalised[g]![i]!]
        : [...stages.advantages[g]![i]!.turn];
      return [record.id, found] as const;
    })
  ));
}

/** The largest size of all values. */
export function largestOf(values: Values): number {
  let largest = 0;
  for (const row of values.values()) {
    for (const value of row) largest = Math.max(largest, Math.abs(value ?? 0));
  }
  return largest;
}

/** What a matrix shows. */
export interface MatrixProps {
  /** The episodes of one group. */
  readonly records: ReadonlyArray<PageEpisode>;
  readonly values: Values;
  readonly largest: number;
  readonly selected: { readonly episode: string | null; readonly turn: number };
  readonly onSelect: (episode: string, turn: number) => void;
  /** Whether it is likely to be in sight from the beginning. */
  readonly isFirst: boolean;
}

/** The matrix of a group with its question; drawn once it comes near the window, as a step may have hundreds. */
export function Matrix(props: MatrixProps): JSX.Element {
  const place = useRef<HTMLElement>(null);
  const [state, setState] = useState<"far" | "near">(props.isFirst ? "near" : "far");
  useEffect(() => {
    if (place.current === null || state === "near") return;
    const observer = new IntersectionObserver(
      (entries) => entries.some((entry) => entry.isIntersecting) && setState("near"),
      { rootMargin: "800px" },
    );
    observer.observe(place.current);
    return () => observer.disconnect();
  }, [state]);
  const { question } = props.records[0]!;
  const height = state === "near" ? null : { style: { minHeight: `${heightOf(props.records)}px` } };
  return h(
    "article",
    { class: "group", ref: place, ...height },
    h("h3", null, question.text),
    h("p", { class: "faint" }, `gold: ${question.golds.join(" | ") || "none"} · ${question.kind}`),
    state === "near" ? drawn(props) : null,
  );
}

/** Pixels that a matrix will take, more or less. */
function heightOf(records: ReadonlyArray<PageEpisode>): number {
  return 90 + 28 * records.length;
}

function drawn(props: MatrixProps): ReadonlyArray<JSX.Element | null> {
  const { records } = props;
  const width = Math.max(1, ...records.map(({ turns }) => turns.length));
  const turns = Array.from({ length: width }, (_, t) => h("th", { scope: "col" }, t + 1));
  const isLost = records.every(({ dropped }) => dropped !== null);
  return [
    isLost
      ? h("p", { class: "lost" }, "This group was dropped: too few of its episodes were left")
      : null,
    h(
      "div",
      { class: "scroll" },
      h(
        "table",
        { class: "matrix", onKeyDown: moveFocus },
        h("caption", { class: "hidden" }, `Rollouts by turns: ${records[0]!.question.text}`),
        h(
          "thead",
          null,
          h(
            "tr",
            null,
            h("th", { scope: "col" }, h("span", { class: "hidden" }, "rollout")),
            turns,
            h("th", { scope: "col" }, "outcome"),
          ),
        ),
        h("tbody", null, records.map((record) => row(record, { ...props, width }))),
      ),
    ),
  ];
}

function row(record: PageEpisode, props: MatrixProps & { readonly width: number }): JSX.Element {
  const { id, sample, dropped, outcome, turns } = record;
  const { selected, width } = props;
  const title = h("th", { scope: "row" }, `#${sample}`);
  if (dropped !== null) {
    return h("tr", { key: id }, title, h("td", { class: "lost", colSpan: width + 1 }, dropped));
  }
  const isOpen = selected.episode === id;
  const missing = width - turns.length;
  return h(
    "tr",
    { key: id, class: isOpen ? "open" : "" },
    title,
    turns.map((_, t) => cell(record, t, props)),
    missing > 0 ? h("td", { colSpan: missing }) : null,
    h("td", { class: "outcome" }, outcome === null ? "none" : print(Number(outcome.toFixed(3)))),
  );
}

function cell(
  { id, sample, turns }: PageEpisode,
  t: number,
  { values, largest, selected, onSelect }: MatrixProps,
): JSX.Element {
  const value = values.get(id)?.[t] ?? null;
  const { action } = turns[t]!;
  const { class: direction, style } = tint(value, largest);
  const isHere = selected.episode === id && selected.turn === t;
  const shown = value === null ? action : signed(value);
  return h(
    "td",
    null,
    h(
      "button",
      {
        type: "button",
        class: `cell ${direction} ${action} ${value === null ? "word" : ""}`,
        style,
        "aria-current": isHere ? "true" : undefined,
        "aria-label": `rollout ${sample}, turn ${t + 1}, ${action}: ${print(value)}`,
        onClick: () => onSelect(id, t),
      },
      shown,
    ),
  );
}

/** Arrow keys move between cells. */
function moveFocus(event: KeyboardEvent): void {
  const steps: Readonly<Record<string, readonly [number, number]>> = {
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
  };
  const step = steps[event.key];
  const cell = (event.target as HTMLElement).closest("td");
  const table = cell?.closest("table");
  if (step === undefined || !cell || !table) return;
  const rowIndex = (cell.parentElement as HTMLTableRowElement).rowIndex + step[0];
  const next = table.rows[rowIndex]?.cells[cell.cellIndex + step[1]]?.querySelector("button");
  if (next === null || next === undefined) return;
  event.preventDefault();
  next.focus();
}
