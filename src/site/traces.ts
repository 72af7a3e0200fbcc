/** The reader's own traces, and a model of theirs that scores them. */
/// <reference lib="dom" />
import { h, type JSX, type TargetedEvent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { noteList, tint } from "../page/elements.ts";
import { print, short } from "../page/numbers.ts";
import type { GivenFile } from "../tab/given_files.ts";
import type { Address } from "./address.ts";
import { chosenFiles, droppedFiles, type Given, sortGiven } from "./given.ts";
import { type CreditedTrace, creditRemotely, type CreditState } from "./remote_credit.ts";

/** The part of the page to which files are given. */
export function Traces({ address }: { readonly address: Address }): JSX.Element {
  const [given, setGiven] = useState<Given>({ traces: [], model: null });
  const [state, setState] = useState<CreditState | null>(null);
  const stop = useRef(() => {});
  const begin = (next: Given) => {
    stop.current();
    setGiven(next);
    if (next.traces.length === 0) return;
    const { preset, device } = address;
    stop.current = creditRemotely({ kind: "credit", preset, device, ...next }, setState);
  };
  const take = (files: ReadonlyArray<GivenFile>) => {
    const { traces, model } = sortGiven(files);
    begin({
      traces: traces.length > 0 ? traces : given.traces,
      model: model ?? given.model,
    });
  };
  useDrops(take, (words) => setState({ words, isAtWork: false, imported: null, traces: [] }));
  return h(
    "div",
    null,
    h("p", { class: "faint" }, HINT),
    h(
      "div",
      { class: "bar" },
      input("traces", { multiple: true, accept: ".json,.jsonl,.ndjson" }, take),
      input(
        "model folder",
        { webkitdirectory: true },
        (files) => begin({ ...given, model: files }),
      ),
      h("span", null, `scored by ${modelName(given.model)}`),
      given.model === null
        ? null
        : h("button", { type: "button", onClick: () => begin({ ...given, model: null }) }, BACK),
      state?.isAtWork === true
        ? h("button", { type: "button", onClick: () => stop.current() }, "Stop")
        : null,
    ),
    h("p", { class: "credit-words", role: "status" }, state?.words ?? ""),
    typeof state?.imported === "string"
      ? h("pre", { class: "imported", tabIndex: 0 }, state.imported)
      : null,
    state?.traces.map((trace, i) => h(TraceView, { key: i, trace })),
  );
}

const HINT =
  "Drop logs of agents here, JSON or JSON Lines in any format that ./igpo credit reads, " +
  "or choose them: each turn gets its belief and its gain. Drop the folder of a Hugging Face model " +
  "to score with it. Nothing leaves this page.";
const BACK = "Use the built-in model";

function modelName(model: Given["model"]): string {
  return model === null ? "the built-in model" : model[0]?.path.split("/").at(-2) ?? "a model";
}

/** Takes what is dropped anywhere on the page, which would else be opened instead of it. */
function useDrops(
  take: (files: ReadonlyArray<GivenFile>) => void,
  fail: (words: string) => void,
): void {
  const latest = useRef({ take, fail });
  latest.current = { take, fail };
  useEffect(() => {
    const over = (event: DragEvent) => event.preventDefault();
    const drop = (event: DragEvent) => {
      event.preventDefault();
      if (event.dataTransfer === null) return;
      droppedFiles(event.dataTransfer).then(
        (files) => latest.current.take(files),
        (error) => latest.current.fail(String(error.message)),
      );
    };
    addEventListener("dragover", over);
    addEventListener("drop", drop);
  }, []);
}

function input(
  label: string,
  kind: Readonly<Record<string, string | boolean>>,
  take: (files: ReadonlyArray<GivenFile>) => void,
): JSX.Element {
  const onChange = ({ currentTarget }: TargetedEvent<HTMLInputElement>) => {
    const files = chosenFiles(currentTarget.files);
    if (files.length > 0) take(files);
  };
  // Else the same files could not be chosen again.
  const onClick = ({ currentTarget }: TargetedEvent<HTMLInputElement>) => {
    currentTarget.value = "";
  };
  return h(
    "label",
    { class: "choice" },
    h("span", null, label),
    h("input", { type: "file", ...kind, onChange, onClick }),
  );
}

function TraceView({ trace }: { readonly trace: CreditedTrace }): JSX.Element {
  const { title, golds, notes, unit, rows } = trace;
  return h(
    "article",
    { class: "credited" },
    h("h3", null, title),
    golds.length === 0 ? null : h("p", null, `gold answer: ${golds.join(" | ")}`),
    noteList(notes),
    rows.length === 0 ? null : h(
      "table",
      null,
      h(
        "thead",
        null,
        h("tr", null, ["turn", unit, ...NUMBERS].map((name) => h("th", { scope: "col" }, name))),
      ),
      h("tbody", null, rows.map(row)),
    ),
  );
}

const NUMBERS = ["belief", "gain", "without", "swapped"] as const;

function row(one: CreditedTrace["rows"][number]): JSX.Element {
  const { turn, words, isUncertain } = one;
  return h(
    "tr",
    null,
    h("th", { scope: "row" }, turn),
    h("td", { class: "words" }, words, isUncertain ? h("b", null, " uncertain") : null),
    NUMBERS.map((name) => number(one[name], name === "belief")),
  );
}

/** A number on its colour, unless it is a belief. */
function number(value: number | null, isBelief: boolean): JSX.Element {
  if (value === null) return h("td", null);
  const { class: direction, style } = isBelief ? { class: "", style: {} } : tint(value, 1);
  return h(
    "td",
    { class: `number ${isBelief ? "" : `chip ${direction}`}`, style },
    h(
      "data",
      { value: String(value), title: print(value) },
      (isBelief || value <= 0 ? "" : "+") + short(value),
    ),
  );
}
