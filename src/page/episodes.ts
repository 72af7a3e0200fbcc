/** The view of the episodes of a step: matrices, a transcript, and why its numbers are what they are. */
/// <reference lib="dom" />
import { h, type JSX } from "preact";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { EpisodeSegment } from "../domain/episode_record.ts";
import type { Preset } from "../igpo/preset.ts";
import { choices, type ChoicesProps, MEASURE_NAMES } from "./choices.ts";
import { creditStep, type Origin, type StepCredit } from "./credit.ts";
import type { PageEpisode, PageRun, PageStep, PageTexts } from "./data.ts";
import { choice, noteList } from "./elements.ts";
import { largestOf, Matrix, valuesOf } from "./matrix.ts";
import { signed } from "./numbers.ts";
import type { Source } from "./source.ts";
import { Transcript } from "./transcript.ts";
import { Why } from "./why.ts";

/** What the view needs. */
export interface EpisodesProps extends ChoicesProps {
  readonly source: Source;
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
  const credit = useCredit(records, preset, run);
  const texts = useTexts(props);
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
  // Cells of another preset have nothing to show before that.
  if (!isOwn && credit === null) return h("p", { class: "empty" }, "Computing advantages");
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
    open === null ? null : h(Opened, { ...props, texts, open, credit, known, isOwn }),
  );
}

/** The texts of a loaded step, asked for once its numbers are drawn; null until they are there, or why they are not. */
function useTexts(
  { source, runIndex, step, loaded }: PaneProps & { readonly loaded: PageStep },
): PageTexts | string | null {
  const [texts, setTexts] = useState<PageTexts | string | null>(null);
  useEffect(() => {
    let isCurrent = true;
    source.texts(runIndex, step!).then(
      (found) => isCurrent && setTexts(found),
      (error) => isCurrent && setTexts(String(error.message ?? error)),
    );
    return () => {
      isCurrent = false;
    };
  }, [loaded]);
  return texts;
}

/** Pixels from which on the transcript stands beside the groups; as the style sheet has it. */
const WIDE = 1060;

/** Id of the explanation of a pane. */
const whyId = (isBeside: boolean) => isBeside ? "why-beside" : "why";

function showWhy(isBeside: boolean): void {
  document.getElementById(whyId(isBeside))?.scrollIntoView({ block: "nearest" });
}

/** The step under a preset; null until it is computed, as the run's own numbers are drawn first. */
function useCredit(
  records: ReadonlyArray<PageEpisode>,
  chosen: Preset | null,
  { preset: own, contextTokens }: Origin,
): StepCredit | string | null {
  const [found, setFound] = useState<
    { readonly of: unknown; readonly credit: StepCredit | string }
  >();
  const asked = useSame({ chosen, origin: { preset: own, contextTokens } });
  const of = useMemo(() => ({}), [records, asked]);
  useEffect(() => setFound({ of, credit: creditOf(records, asked.chosen, asked.origin) }), [of]);
  return found?.of === of ? found.credit : null;
}

/** The object of before while it says the same: a live page reads its runs anew after each step. */
function useSame<A>(value: A): A {
  const kept = useRef(value);
  if (JSON.stringify(value) !== JSON.stringify(kept.current)) kept.current = value;
  return kept.current;
}

function creditOf(
  records: ReadonlyArray<PageEpisode>,
  preset: Preset | null,
  origin: Origin,
): StepCredit | string {
  return preset === null
    ? "Choose a preset to see advantages of these traces"
    : creditStep(records, preset, origin);
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
  const select = useLatest(onSelect);
  const episode = open?.id ?? null;
  // Matrices that stay as they are are not even compared: a step may have hundreds.
  const matrices = useMemo(
    () =>
      [...Map.groupBy(records, ({ group }) => group)].map(([group, members], i) =>
        h(Matrix, {
          key: group,
          isFirst: i < IN_SIGHT,
          records: members,
          values,
          largest,
          selected: { episode, turn: route.turn },
          onSelect: select,
        })
      ),
    [records, values, largest, episode, route.turn, select],
  );
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
    matrices,
  );
}

/** Groups that a large window may show at first. */
const IN_SIGHT = 4;

/** A function that stays the same and calls the newest one. */
function useLatest<A extends ReadonlyArray<unknown>>(call: (...args: A) => void) {
  const latest = useRef(call);
  latest.current = call;
  return useCallback((...args: A) => latest.current(...args), []);
}

interface OpenedProps extends PaneProps {
  readonly texts: PageTexts | string | null;
  readonly open: PageEpisode;
  readonly credit: StepCredit | string | null;
  /** The credit under a preset that is not the run's own; else null. */
  readonly known: StepCredit | null;
  readonly isOwn: boolean;
}

function Opened(props: OpenedProps & { readonly loaded: PageStep }): JSX.Element {
  const { texts, open, credit, known, isOwn, route, go, loaded, onQuestion } = props;
  const { records } = loaded;
  const transcript = useMemo(
    () => Array.isArray(texts) ? textOf(texts[records.indexOf(open)]) : null,
    [texts, records, open],
  );
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
      credit === null
        ? h("p", { class: "empty" }, "Computing")
        : h(Why, { credit, episode: open.id, turn, isOwn }),
    ),
    texts === null || typeof texts === "string"
      ? h("p", { class: "empty" }, texts ?? "Reading the text")
      : h(Transcript, {
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
