/** The view of the episodes of a step: matrices, a transcript, and why its numbers are what they are. */
/// <reference lib="dom" />
import { h, type JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { EpisodeSegment } from "../domain/episode_record.ts";
import type { Preset } from "../igpo/preset.ts";
import { creditStep, type StepCredit } from "./credit.ts";
import type { PageData, PageEpisode, PageRun, PageStep } from "./data.ts";
import { choice, noteList } from "./elements.ts";
import { largestOf, Matrix, valuesOf } from "./matrix.ts";
import { signed } from "./numbers.ts";
import { type Measure, MEASURES, type Route } from "./route.ts";
import type { Source } from "./source.ts";
import { Transcript } from "./transcript.ts";
import { Why } from "./why.ts";

/** What the view needs. */
export interface EpisodesProps {
  readonly data: PageData;
  readonly source: Source;
  readonly route: Route;
  readonly go: (change: Partial<Route>) => void;
}

/** The episodes of one step, with those of another run or step beside them where the address says so. */
export function EpisodesView(props: EpisodesProps): JSX.Element {
  const { data, route } = props;
  const [question, onQuestion] = useState<string | null>(null);
  const run = data.runs[route.run];
  if (run === undefined) return h("p", { class: "empty" }, `There is no run number ${route.run}`);
  const step = route.step ?? run.kept.at(-1)?.step ?? null;
  const runIndex = route.run;
  return h(
    "section",
    { "aria-label": "Episodes", class: route.besideRun === null ? "" : "two" },
    choices(props, step),
    h(
      "div",
      { class: "panes" },
      h(StepPane, { ...props, run, runIndex, step, question: null, onQuestion }),
      beside(props, question),
    ),
  );
}

/** The pane of the other run or step. */
function beside(props: EpisodesProps, question: string | null): JSX.Element | null {
  const { data, route: { besideRun: runIndex, besideStep } } = props;
  const run = runIndex === null ? undefined : data.runs[runIndex];
  if (run === undefined || runIndex === null) return null;
  const step = besideStep ?? run.kept.at(-1)?.step ?? null;
  return h(StepPane, { ...props, run, runIndex, step, question, onQuestion: null });
}

function choices({ data, route, go }: EpisodesProps, step: number | null): JSX.Element {
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

const MEASURE_NAMES = {
  gain: "gain",
  normalised: "normalised gain",
  advantage: "advantage",
} as const satisfies Readonly<Record<Measure, string>>;

function measureChoice(by: Measure, go: EpisodesProps["go"]): JSX.Element {
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
  go: EpisodesProps["go"],
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
  { data: { runs }, route, step, go }: Pick<EpisodesProps, "data" | "route" | "go"> & {
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

/** A step of a run, which is null until it is known what steps there are. */
interface PaneProps extends EpisodesProps {
  readonly run: PageRun;
  readonly runIndex: number;
  readonly step: number | null;
  /** Id of the question that is shown alone; null for all. */
  readonly question: string | null;
  /** Told of the question whose transcript is open; null for the pane beside. */
  readonly onQuestion: ((id: string | null) => void) | null;
}

function StepPane(props: PaneProps): JSX.Element {
  const { source, run, runIndex, step } = props;
  const [loaded, setLoaded] = useState<{ readonly step: PageStep | string } | null>(null);
  useEffect(() => {
    let isCurrent = true;
    setLoaded(null);
    if (step === null) return;
    source.step(runIndex, step).then(
      (found) => isCurrent && setLoaded({ step: found }),
      (error) => isCurrent && setLoaded({ step: String(error.message ?? error) }),
    );
    return () => {
      isCurrent = false;
    };
  }, [source, runIndex, step]);
  if (step === null) {
    return h(
      "p",
      { class: "empty" },
      `${run.name} keeps no episodes: its recipe's episodeMegabytes is 0, or no step is finished`,
    );
  }
  if (loaded === null) return h("p", { class: "empty" }, `Reading step ${step}`);
  if (typeof loaded.step === "string") return h("p", { class: "empty" }, loaded.step);
  return h(LoadedStep, { ...props, loaded: loaded.step });
}

function LoadedStep(props: PaneProps & { readonly loaded: PageStep }): JSX.Element {
  const { loaded, data, run, route, question, onQuestion, go } = props;
  const { records, notes } = loaded;
  const preset = data.presets.find(({ name }) => name === route.preset) ?? run.preset;
  const isOwn = preset === run.preset;
  const credit = useMemo(() => creditOf(records, preset, run), [records, preset, run]);
  const [besideEpisode, select] = useState<string | null>(null);
  const isBeside = onQuestion === null;
  const own = question === null ? records : records.filter((one) => one.question.id === question);
  const open = openEpisode(own, isBeside ? besideEpisode : route.episode);
  const opened = open?.question.id ?? null;
  useEffect(() => onQuestion?.(opened), [opened]);
  if (own.length === 0) {
    return h("p", { class: "empty" }, "This step does not have that question: choose another step");
  }
  // Beside another step only the question that both show has room.
  const isAlone = route.besideRun !== null && opened !== null;
  const shown = isAlone ? own.filter((one) => one.question.id === opened) : own;
  const known = isOwn || typeof credit === "string" ? null : credit;
  const onSelect = (episode: string, turn: number) => {
    if (isBeside) select(episode);
    go(isBeside ? { turn } : { episode, turn });
    // On a narrow page the transcript stands below all groups.
    requestAnimationFrame(() => innerWidth < WIDE && showWhy(isBeside));
  };
  return h(
    "div",
    { class: "pane" },
    noteList([...notes, ...(!isOwn && typeof credit === "string" ? [credit] : [])]),
    h(Groups, {
      ...props,
      records: shown,
      credit: known,
      open,
      onSelect,
      questions: isAlone && !isBeside ? records : null,
    }),
    open === null ? null : h(Opened, { ...props, open, credit, known, isOwn }),
  );
}

/** Pixels from which on the transcript stands beside the groups; as the style sheet has it. */
const WIDE = 1060;

/** Id of the explanation of a pane. */
const whyId = (isBeside: boolean) => isBeside ? "why-beside" : "why";

function showWhy(isBeside: boolean): void {
  document.getElementById(whyId(isBeside))?.scrollIntoView({ block: "nearest" });
}

function creditOf(
  records: ReadonlyArray<PageEpisode>,
  preset: Preset | null,
  run: PageRun,
): StepCredit | string {
  return preset === null
    ? "Choose a preset to see advantages of these traces"
    : creditStep(records, preset, run);
}

/** A choice among the questions of a step; it opens the first episode of one. */
function questionChoice(
  records: ReadonlyArray<PageEpisode>,
  opened: string,
  onChoose: (episode: string) => void,
): JSX.Element {
  const first = new Map(records.toReversed().map((one) => [one.question.id, one]));
  return choice({
    label: "question",
    value: opened,
    options: [...first.values()].reverse().map(({ question: { id, text } }) => ({
      value: id,
      text,
    })),
    onChoose: (id) => onChoose(first.get(id)!.id),
  });
}

/** The episode that is asked for, or the first that was trained on. */
function openEpisode(
  records: ReadonlyArray<PageEpisode>,
  id: string | null,
): PageEpisode | null {
  return records.find((one) => one.id === id) ??
    records.find(({ dropped, turns }) => dropped === null && turns.length > 0) ?? null;
}

interface GroupsProps extends PaneProps {
  readonly records: ReadonlyArray<PageEpisode>;
  readonly credit: StepCredit | null;
  readonly open: PageEpisode | null;
  readonly onSelect: (episode: string, turn: number) => void;
  /** The episodes of all questions that can be chosen; null where all questions are shown. */
  readonly questions: ReadonlyArray<PageEpisode> | null;
}

function Groups(
  { records, credit, open, route, onSelect, questions }: GroupsProps,
): JSX.Element {
  const values = useMemo(() => valuesOf(records, route.by, credit), [records, route.by, credit]);
  const largest = useMemo(() => largestOf(values), [values]);
  const groups = [...Map.groupBy(records, ({ group }) => group).entries()];
  return h(
    "div",
    { class: "groups" },
    h(
      "p",
      { class: "scale" },
      h("span", null, signed(-largest)),
      h("span", { class: "ramp", "aria-hidden": "true" }),
      h("span", null, signed(largest)),
      h("span", { class: "faint" }, MEASURE_NAMES[route.by]),
      questions === null || open === null
        ? null
        : questionChoice(questions, open.question.id, (id) => onSelect(id, 0)),
    ),
    groups.map(([group, members]) =>
      h(Matrix, {
        key: group,
        records: members,
        values,
        largest,
        selected: { episode: open?.id ?? null, turn: route.turn },
        onSelect,
      })
    ),
  );
}

interface OpenedProps extends PaneProps {
  readonly open: PageEpisode;
  readonly credit: StepCredit | string;
  /** The credit under a preset that is not the run's own; else null. */
  readonly known: StepCredit | null;
  readonly isOwn: boolean;
}

function Opened(props: OpenedProps & { readonly loaded: PageStep }): JSX.Element {
  const { open, credit, known, isOwn, route, go, loaded, onQuestion } = props;
  const { records, transcripts } = loaded;
  const transcript = useMemo(() => textOf(transcripts[records.indexOf(open)]), [loaded, open]);
  const [gains, advantages] = useMemo(
    () => [valuesOf(records, "gain", known), valuesOf(records, "advantage", known)] as const,
    [records, known],
  );
  const turn = Math.min(route.turn, open.turns.length - 1);
  return h(
    "div",
    { class: "opened" },
    h(
      "section",
      { class: "reasons-of", id: whyId(onQuestion === null) },
      h("h3", null, `Why this number: turn ${turn + 1} of rollout #${open.sample}`),
      h(Why, { credit, episode: open.id, turn, isOwn }),
    ),
    h(Transcript, {
      key: open.id,
      record: open,
      transcript,
      gains: gains.get(open.id) ?? [],
      advantages: advantages.get(open.id) ?? [],
      largest: { gain: largestOf(gains), advantage: largestOf(advantages) },
      turn,
      onTurn: (turn: number) => {
        go({ turn });
        showWhy(onQuestion === null);
      },
    }),
  );
}

/** A transcript that is kept as JSON. */
function textOf(json: string | null | undefined): ReadonlyArray<EpisodeSegment> | null {
  return typeof json === "string" ? JSON.parse(json) : null;
}
