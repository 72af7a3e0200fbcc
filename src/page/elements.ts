/** Small parts that views share. */
/// <reference lib="dom" />
import { type ComponentChildren, h, type JSX } from "preact";
import { signed } from "./numbers.ts";

/** A choice with a label. */
export interface Choice {
  readonly label: string;
  readonly value: string;
  readonly options: ReadonlyArray<{ readonly value: string; readonly text: string }>;
  readonly onChoose: (value: string) => void;
}

/** A choice among options. */
export function choice({ label, value, options, onChoose }: Choice): JSX.Element {
  return h(
    "label",
    { class: "choice" },
    h("span", null, label),
    h(
      "select",
      { value, onChange: (event: Event) => onChoose((event.target as HTMLSelectElement).value) },
      options.map((one) =>
        h("option", { value: one.value, selected: one.value === value }, one.text)
      ),
    ),
  );
}

/** Style of something coloured by a signed value: `largest` has the fullest colour. */
export function tint(value: number | null, largest: number) {
  if (value === null || value === 0 || largest === 0) return { class: "", style: {} };
  const strength = Math.min(1, Math.abs(value) / largest);
  return {
    class: value > 0 ? "up" : "down",
    style: { "--strength": `${(100 * strength).toFixed(1)}%` },
  };
}

/** A signed value on its colour. */
export function chip(
  { name, value, largest }: {
    readonly name: string;
    readonly value: number | null;
    readonly largest: number;
  },
): JSX.Element | null {
  if (value === null) return null;
  const { class: direction, style } = tint(value, largest);
  return h(
    "span",
    { class: `chip ${direction}`, style },
    h("span", { class: "faint" }, `${name} `),
    signed(value),
  );
}

/** Sentences that say what could not be read. */
export function noteList(notes: ReadonlyArray<string>): JSX.Element | null {
  return notes.length === 0
    ? null
    : h("ul", { class: "notes", role: "status" }, notes.map((note) => h("li", null, note)));
}

/** A part of the page with its heading. */
export function section(title: string, ...children: ReadonlyArray<ComponentChildren>): JSX.Element {
  return h("section", null, h("h2", null, title), ...children);
}
